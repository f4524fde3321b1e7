// A task may have several publishers of one callback, each for other strategies: some hear of it from another task.
import { describe, expect, test } from "bun:test"
import { bot, orders, trades } from "../../../src/index.ts"
import type { CallbackData } from "../../../src/runtime/domain/callbacks.ts"
import type { TaskSpec } from "../../../src/runtime/domain/task.ts"
import { changed, gate, rig, type Rig, trade } from "./rig.ts"

const both = trades("binance-um", ["BTC_USDT_PERP"])
const first = trades("binance-um", ["BTC_USDT_PERP"])
const router = orders("binance-um", { ringSlots: 32 })

const isBoundTo = (id: string) => (bound: readonly TaskSpec[]) => bound.some((spec) => spec.id === id)

const listed = (inst: string) =>
  ({ market: "binance-um", inst, fields: ["listed"], timestamp: 0 }) as unknown as CallbackData["onInstrument"]

const waiting = (one: Rig): unknown => one.engine.state()["waiting"]

/** Two strategies of one task whose handlers wait; one of them hears of some things elsewhere. */
function pair() {
  const told = { one: [] as string[], two: [] as string[] }
  const holds = { one: gate(), two: gate() }
  const made = (name: "one" | "two") => ({
    onTrade() {},
    onInstrument({ data }: { data: { inst: string } }) {
      told[name].push(data.inst)
      return holds[name].promise
    },
  })
  const declared = bot({ name: "a" }).tasks([both, first])
  const runs = rig(
    declared
      .strategy(made("one") as never, { on: [both, first], name: "one" })
      .strategy(made("two") as never, { on: [both], name: "two" }),
  )
  return { told, holds, runs }
}

describe("publishers of one callback with different audiences", () => {
  test("give each strategy its own events, once and in order, though the other waits for more", async () => {
    const { told, holds, runs } = pair()
    await runs.engine.start()
    const toAll = runs.publisher(both, "onInstrument")
    const toTwo = runs.publisher(both, "onInstrument", isBoundTo("2"))
    const say = (publish: typeof toAll, inst: string) => runs.engine.turn.run(() => publish(listed(inst), 0))
    for (const inst of ["A", "B"]) say(toAll, inst)
    for (const inst of ["C", "D"]) say(toTwo, inst)
    say(toAll, "E")
    say(toTwo, "F")
    holds.one.resolve()
    await runs.clock.advance(1)
    expect(told).toEqual({ one: ["A", "B", "E"], two: ["A"] })
    holds.two.resolve()
    await runs.clock.advance(1)
    expect(told.two).toEqual(["A", "B", "C", "D", "E", "F"])
    expect(waiting(runs)).toEqual({ events: 0, bytes: 0 })
  })

  test("keep for each what is its own where a ring is compacted: what is told to others stands for nothing", async () => {
    const told = { one: [] as string[], two: [] as string[] }
    const hold = gate()
    const made = (name: "one" | "two") => ({
      onTrade() {},
      onOrder({ data }: { data: CallbackData["onOrder"] }) {
        told[name].push(data.cause)
        return hold.promise
      },
    })
    const runs = rig(
      bot({ name: "a" })
        .tasks([router, first])
        .strategy(made("one") as never, { on: [router, first], name: "one" })
        .strategy(made("two") as never, { on: [router], name: "two" }),
    )
    await runs.engine.start()
    const toAll = runs.publisher(router, "onOrder")
    const toTwo = runs.publisher(router, "onOrder", (bound) => bound.some(({ kind }) => kind === "feed"))
    const say = (publish: typeof toAll, cause: string) =>
      runs.engine.turn.run(() => publish({ ...changed("same"), cause }, 0))
    say(toAll, "first")
    for (let at = 0; at < 10; at++) say(toAll, `all ${at}`)
    for (let at = 0; at < 200; at++) say(toTwo, `two ${at}`)
    hold.resolve()
    await runs.clock.advance(10)
    expect(told.one).toEqual(["first", "all 9"])
    expect([told.two.length < 100, told.two.at(-1)]).toEqual([true, "two 199"])
    expect(waiting(runs)).toEqual({ events: 0, bytes: 0 })
  })
})

test("what throws in the runtime itself while it serves leaves nobody waiting for ever", async () => {
  const seen: string[] = []
  let left = Infinity
  const watch = {
    label: () => 1,
    enter() {
      if (--left === 0) throw new Error("no handler threw this")
      return 0
    },
    leave: () => undefined,
  }
  const runs = rig(
    bot({ name: "a" })
      .task(both)
      .strategy({
        onTrade({ data }) {
          seen.push(`one ${data.tradeId}`)
          if (data.tradeId === "1") runs.publisher(both, "onTrade")(trade(2), 0)
        },
      })
      .strategy({ onTrade: ({ data }) => void seen.push(`two ${data.tradeId}`) }),
    { watch },
  )
  await runs.engine.start()
  // Both are called with the first; the first of them to be served the second is not.
  left = 3
  expect(() => runs.send(both, "onTrade", trade(1))).toThrow("no handler threw this")
  await runs.clock.advance(1)
  runs.send(both, "onTrade", trade(3))
  expect(seen).toEqual(["one 1", "two 1", "two 2", "one 3", "two 3"])
  expect(waiting(runs)).toEqual({ events: 0, bytes: 0 })
})
