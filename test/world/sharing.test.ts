// A whole bot whose tasks want some of the same: sockets shared, every task told under its own name, one book an instrument.
import { expect, test } from "bun:test"
import { type Bot, book, bot, trades } from "perigee"
import { firstDifference } from "../../src/runtime/simulation/trace.ts"
import { openSimulation } from "../../src/world/simulation.ts"

const [BTC, ETH] = ["BTC_USDT_PERP", "ETH_USDT_PERP"] as const

async function run(seed = 1) {
  const narrow = book("binance-um", [BTC], { id: "narrow" })
  const wide = book("binance-um", [ETH, BTC], { id: "wide" })
  const tapes = trades("binance-um", [BTC], { chunk: 3, id: "tape" })
  const other = trades("binance-um", [BTC, ETH], { id: "other" })
  const lines: string[] = []
  const told: Record<string, string[]> = {}
  const states: Record<string, string[]> = {}
  let apart = 0
  const simulation = await openSimulation({
    bot: () =>
      bot({ name: "sharing" })
        .tasks([narrow, wide, tapes, other])
        .strategy({
          onTrade({ data, task }) {
            if (data.inst === BTC) (told[task.id] ??= []).push(data.tradeId)
          },
          onLob(_, ctx) {
            if (ctx.book(BTC, narrow) !== ctx.book(BTC, wide)) apart++
          },
          onBookState({ data, task }) {
            if (data.inst === BTC) (states[task.id] ??= []).push(`${data.state} ${data.timestamp}`)
          },
        }) as unknown as Bot,
    seed,
    faults: { latencyMsMin: 1, latencyMsMax: 20, cutRate: 0.003 },
    trace: (line) => void lines.push(line),
  })
  simulation.advance(60_000)
  simulation.stop("the test is over")
  return { lines, told, states, apart }
}

test("tasks that want some of the same are each told all of it under their own name, over as few sockets as there are addresses", async () => {
  const { lines, told, states, apart } = await run()
  const first = told["other"]!
  expect(first.length).toBeGreaterThan(20)
  expect(told).toEqual({ other: first, "tape-1": first, "tape-2": first, "tape-3": first })
  // Books and trades are at two addresses, and cut sockets are opened anew one by one.
  const opened = lines.filter((line) => /^\d+ socket \d+ opening /.test(line)).length
  const cut = lines.filter((line) => /^\d+ socket \d+ closed /.test(line)).length
  expect(cut).toBeGreaterThan(1)
  expect(opened).toBeLessThanOrEqual(2 + cut)
  expect(states["narrow"]!.length).toBeGreaterThan(2)
  expect(states["wide"]).toEqual(states["narrow"]!)
  expect(apart).toBe(0)
})

test("the same seed gives such a bot the same trace", async () => {
  const [one, again, another] = [await run(), await run(), await run(2)]
  expect(firstDifference(one.lines, again.lines)).toBeUndefined()
  expect(firstDifference(one.lines, another.lines)).toBeDefined()
})
