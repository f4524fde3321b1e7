import { describe, expect, test } from "bun:test"
import { bot, trades } from "../../../src/index.ts"
import { rig, trade } from "./rig.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])

describe("a handler of several that holds the loop", () => {
  test("is found among several: the next ones are timed one by one", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade() {}, name: "quick" })
        .strategy({ onTrade: () => one.clock.hold(60), name: "spinner" }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(tape, "onTrade", trade(2))
    const slow = one.logged.filter(({ event }) => event.startsWith("handler"))
    expect(slow.map(({ event, fields }) => [event, fields["strategies"] ?? fields["strategy"]])).toEqual([
      ["handlers.slow", ["quick", "spinner"]],
      ["handler.slow", "spinner"],
    ])
  })

  test("is named in the end though it is slow but now and then; outsiders hear of each time", async () => {
    const errors: string[] = []
    const told: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade() {}, onError: ({ data }) => void errors.push(data.message), name: "quick" })
        .strategy({
          onTrade: ({ data }) => (Number(data.tradeId) % 5_000 === 0 ? one.clock.hold(60) : undefined),
          onError: ({ data }) => void errors.push(data.message),
          name: "spinner",
        }),
    )
    one.engine.subscribe((news) => void (news.kind === "error" ? told.push(news.data.message) : undefined))
    await one.engine.start()
    for (let at = 0; at <= 40_000; at++) one.send(tape, "onTrade", trade(at))
    const unknown = "one or several of quick, spinner: onTrade held the loop for 60.0 ms"
    const named = "strategy spinner: onTrade held the loop for 60.0 ms"
    expect(errors).toEqual(Array.from({ length: 5 }, () => named))
    expect(told).toEqual([unknown, unknown, unknown, unknown, ...errors])
  })
})
