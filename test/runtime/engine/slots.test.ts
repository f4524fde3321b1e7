import { describe, expect, test } from "bun:test"
import { accountOrders, bot, candles, intents, lob, onnx, orders, relay, schedule, trades } from "../../../src/index.ts"
import { declarationOf } from "../../../src/runtime/engine/build.ts"
import { slotsOf } from "../../../src/runtime/engine/event.ts"

describe("rings", () => {
  const slotsOfKinds = (ringSlots?: number) => {
    const options = ringSlots === undefined ? {} : { ringSlots }
    const { specs } = declarationOf(
      bot({ name: "a" }).tasks([
        relay(options),
        intents(options),
        onnx("m.onnx", options),
        schedule({ everyMs: 1, ...options }),
        accountOrders("okx", options),
        candles("okx", ["BTC_USDT"], "1m", options),
        trades("okx", ["BTC_USDT"], options),
        lob("okx", ["BTC_USDT"], { form: "snapshot", ...options }),
        orders("okx", options),
      ]),
    )
    // The ring of the task's data: market data and ticks may drop, all else is private.
    const isPublic = (kind: string) => ["trades", "lob", "candles", "schedule"].includes(kind)
    return specs.map((spec) => {
      const kind = spec.kind === "feed" ? spec.channel.kind : spec.kind
      return [kind, slotsOf(spec, !isPublic(kind))]
    })
  }

  test("hold so many events by the kind of their task, or as many as it says", () => {
    expect(slotsOfKinds()).toEqual([
      ["relay", 8_192],
      ["intents", 2_048],
      ["predict", 8_192],
      ["schedule", 1_024],
      ["accOrders", 8_192],
      ["candles", 2_048],
      ["trades", 8_192],
      ["lob", 16_384],
      ["orders", 8_192],
    ])
    expect(new Set(slotsOfKinds(7).map(([, slots]) => slots))).toEqual(new Set([7]))
  })
})
