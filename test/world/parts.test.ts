import { expect, test } from "bun:test"
import { type Bot, bot, type Context, type PredsMsg, type TradeMsg, trades, zmq } from "perigee"
import { openSimulation } from "../../src/world/simulation.ts"

const INST = "BTC_USDT_PERP"
const ENDPOINT = "tcp://127.0.0.1:5555"
const tapes = trades("binance-um", [INST], { chunk: 3, taskBaseId: 7 })
const scorers = zmq(ENDPOINT, { chunk: 2, id: "scorer" })

/** Hears one part of the tape, and asks one part of the models. */
class Reader {
  readonly number: 7 | 9
  readonly seen = new Map<string, number>()
  constructor(number: 7 | 9) {
    this.number = number
  }
  get tape() {
    return tapes.part(this.number)
  }
  get scorer() {
    return scorers.part(this.number === 7 ? 1 : 2)
  }
  onTrade({ data, task }: TradeMsg, ctx: Context): void {
    this.#count(`trade ${task.id}`)
    const input = { timestamp: data.timestamp, data: Float32Array.of(data.price), shape: [1], metadata: {} }
    ctx.predict(this.scorer, input)
  }
  onPreds({ task }: PredsMsg): void {
    this.#count(`preds ${task.id}`)
  }
  #count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }
}

test("strategies of one type each hear and ask the parts they name, and no other, in a loop of their own", async () => {
  const readers = [new Reader(9), new Reader(7)]
  const everything = new Map<string, number>()
  const simulation = await openSimulation({
    bot: () =>
      bot({ name: "parts" })
        .tasks([tapes, scorers])
        .strategies(readers, (reader) => ({ on: [reader.tape, reader.scorer] }))
        .strategy(
          {
            onTrade: ({ task }) => void everything.set(task.id, (everything.get(task.id) ?? 0) + 1),
          },
          { on: [tapes] },
        ) as unknown as Bot,
    seed: 5,
    rate: 20,
    services: { [ENDPOINT]: (input) => input },
  })
  simulation.advance(20_000)
  simulation.stop("the test is over")
  const count = everything.get("8") ?? 0
  expect(count).toBeGreaterThan(10)
  expect(Object.fromEntries(everything)).toEqual({ "7": count, "8": count, "9": count })
  const [nine, seven] = readers.map(({ seen }) => Object.fromEntries(seen))
  expect(nine).toEqual({ "trade 9": count, "preds scorer-2": expect.any(Number) })
  expect(seven).toEqual({ "trade 7": count, "preds scorer-1": expect.any(Number) })
  for (const seen of [nine?.["preds scorer-2"], seven?.["preds scorer-1"]]) expect(seen).toBeGreaterThan(count - 3)
})
