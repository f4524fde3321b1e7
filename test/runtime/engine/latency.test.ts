import { describe, expect, test } from "bun:test"
import { bot, onnx, orders, schedule, trades } from "../../../src/index.ts"
import type { Histogram } from "../../../src/runtime/domain/metrics.ts"
import { changed, gate, rig, type Rig, trade } from "./rig.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])

const latency = (one: Rig): Histogram =>
  one.metrics.families.get("perigee_event_latency_seconds")?.samples[0]?.metric as Histogram

/** A trade whose frame came so long ago. */
const came = (one: Rig, msAgo: number): void =>
  one.engine.turn.run(() => one.publisher(tape, "onTrade")(trade(1), one.clock.now() - msAgo * 1_000))

describe("the latency of an event, from its frame to its first handler,", () => {
  test("counts what it waited in a ring, once, whoever of several takes it first", async () => {
    const holds = [gate(), gate()] as const
    const seen = [0, 0]
    const made = (place: 0 | 1) => ({
      onTrade: () => ((seen[place] as number)++ === 0 ? holds[place].promise : undefined),
    })
    const one = rig(bot({ name: "a" }).task(tape).strategy(made(0)).strategy(made(1)))
    await one.engine.start()
    for (let at = 0; at < 3; at++) came(one, 1)
    expect(latency(one)).toMatchObject({ count: 1, sum: 1_000 })
    await one.clock.advance(40)
    holds[0].resolve()
    await one.clock.advance(400)
    expect(latency(one)).toMatchObject({ count: 3, sum: 1_000 + 2 * 41_000, max: 41_000 })
    holds[1].resolve()
    await one.clock.advance(1)
    expect(seen).toEqual([3, 3])
    expect(latency(one).count).toBe(3)
  })

  test("is short where one of several takes it at once, however long another lets it wait", async () => {
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade: () => hold.promise })
        .strategy({ onTrade() {} }),
    )
    await one.engine.start()
    for (let at = 0; at < 3; at++) came(one, 1)
    await one.clock.advance(1_000)
    hold.resolve()
    await one.clock.advance(1)
    expect(latency(one)).toMatchObject({ count: 3, max: 1_000 })
  })

  test("counts what it waited for another event's handlers", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({
          onTrade({ sequence }) {
            if (sequence > 1) return
            came(one, 0)
            one.clock.hold(7)
          },
        }),
    )
    await one.engine.start()
    came(one, 0)
    expect(latency(one)).toMatchObject({ count: 2, max: 7_000 })
  })

  test("counts no event that came in no frame of a market, and none that nobody was called with", async () => {
    const model = onnx("m.onnx")
    const router = orders("binance-um")
    const tick = schedule({ everyMs: 1_000 })
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, model, router, tick])
        .strategy({ onTrade() {}, onPreds() {}, onSchedule() {}, onOrder() {}, onFeedState() {} }),
    )
    await one.engine.start()
    one.send(model, "onPreds", { timestamp: 0, data: new Float32Array(1), shape: [1], metadata: {} })
    one.send(tick, "onSchedule", { timestamp: 0, everyMs: 1, missed: 0 })
    one.send(router, "onOrder", changed("1"))
    one.send(tape, "onFeedState", { market: "binance-um", state: "live", why: "", timestamp: 0 })
    expect(latency(one).count).toBe(0)
    came(one, 3)
    await one.engine.stop("enough")
    came(one, 3)
    expect(latency(one)).toMatchObject({ count: 1, max: 3_000 })
    expect(one.engine.state()).toMatchObject({ latencyUs: { count: 1, max: 3_000 } })
  })
})
