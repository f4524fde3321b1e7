import { describe, expect, test } from "bun:test"
import { bot, type Context, onnx, orders, schedule, trades } from "../../../src/index.ts"
import { UsageError } from "../../../src/runtime/domain/errors.ts"
import { instMistake } from "../../../src/runtime/domain/inst.ts"
import type { Market } from "../../../src/runtime/domain/market.ts"
import type { Handle } from "../../../src/runtime/engine/declaration/handle.ts"
import { rig } from "./rig.ts"

const PERP = "BTC_USDT_PERP"
const tick = schedule({ everyMs: 1_000 })
const um = orders("binance-um")
const okx = orders("okx")
const umTape = trades("binance-um", [PERP], { chunk: 2 })
const okxTape = trades("okx", [PERP, "BTC_USDT"])

/** Whose word `ctx.instrument` gives in a bot of these tasks. */
async function contextOf(handles: readonly Handle[]): Promise<Context> {
  let seen: Context | undefined
  const one = rig(
    bot({ name: "a" })
      .tasks([tick, ...handles])
      .strategy({ start: (ctx: Context) => void (seen = ctx), onSchedule() {} } as never, { on: [tick] }),
  )
  for (const task of one.engine.tasks) {
    const market = "market" in task.spec ? task.spec.market : ""
    const lists = (inst: string): boolean => instMistake(market as Market, inst) === undefined
    Object.assign(task, { instrument: (inst: string) => (lists(inst) ? { inst, market } : undefined) })
  }
  await one.engine.start()
  return seen as Context
}

const marketOf = (ctx: Context, inst: string, from?: Parameters<Context["instrument"]>[1]): unknown =>
  (ctx.instrument(inst, from) as unknown as { market: string } | undefined)?.market

describe("ctx.instrument", () => {
  test("needs no router: a feed's market lists it as well", async () => {
    expect(marketOf(await contextOf([umTape]), "ETH_USDT_PERP")).toBe("binance-um")
    const none = await contextOf([onnx("m.onnx")])
    expect(() => none.instrument(PERP)).toThrow(
      new UsageError("no task of this bot names a market; declare a feed or orders(…)"),
    )
  })

  test("asks the market that is named: by itself, by its router, by its feed or a part of that", async () => {
    const ctx = await contextOf([umTape, okxTape, um, okx])
    expect(marketOf(ctx, PERP, "okx")).toBe("okx")
    expect(marketOf(ctx, PERP, um)).toBe("binance-um")
    expect(marketOf(ctx, PERP, okxTape)).toBe("okx")
    expect(marketOf(ctx, PERP, umTape)).toBe("binance-um")
    expect(marketOf(ctx, PERP, umTape.part(2))).toBe("binance-um")
    expect(() => ctx.instrument(any("BTC_USDT"), "gate-spot")).toThrow(
      new UsageError("no task of this bot names the market gate-spot; they name binance-um, okx"),
    )
    expect(() => ctx.instrument(PERP, trades("okx", [PERP]))).toThrow("is not of this bot")
  })

  test.each([
    ["the only market that can list such a name", [umTape, okxTape, um], "BTC_USDT", "okx"],
    ["the only router's, whoever else has a feed of it", [okxTape, um], PERP, "binance-um"],
    ["without a router the only one with a feed of it", [umTape, trades("okx", ["BTC_USDT"])], PERP, "binance-um"],
  ] as const)("means %s, where none is named", async (_, handles, inst, market) => {
    const ctx = await contextOf(handles)
    expect(marketOf(ctx, inst)).toBe(market)
    expect(marketOf(ctx, inst)).toBe(market)
  })

  test.each([
    ["two routers", [um, okx]],
    ["two feeds of it and no router", [umTape, okxTape]],
    ["two markets, and no feed of it", [trades("binance-um", ["ETH_USDT_PERP"]), trades("okx", ["BTC_USDT"])]],
  ] as const)("wants the market named where there are %s", async (_, handles) => {
    const ctx = await contextOf(handles)
    expect(() => ctx.instrument(PERP)).toThrow(
      new UsageError(`binance-um and okx may each list ${PERP}; name the market, feed or router that is meant`),
    )
  })
})

const NOT_A_NAME = "is not an instrument name; write BASE_QUOTE, BASE_QUOTE_PERP or BASE_QUOTE_FUT_YYMMDD in capitals"
/** A name that no type checker has seen. */
const any = (inst: string): string => inst

describe("a question about an instrument that nobody can trade is a UsageError, and not answered with nothing:", () => {
  test("a misspelt name", async () => {
    const ctx = await contextOf([umTape, um])
    const misspelt = any("BTC_USDT_PREP")
    type Ask = (inst: string, router?: typeof um) => unknown
    const asks: readonly Ask[] = [ctx.position, ctx.openOrders, ctx.instrument]
    for (const ask of asks) {
      expect(() => ask.call(ctx, misspelt)).toThrow(new UsageError(`"BTC_USDT_PREP" ${NOT_A_NAME}`))
      expect(() => ask.call(ctx, misspelt, um)).toThrow(UsageError)
    }
    expect(() => ctx.position(undefined as never)).toThrow(UsageError)
    expect(() => ctx.instrument(any("btc"), "binance-um")).toThrow(new UsageError(`"btc" ${NOT_A_NAME}`))
  })

  test("a name that none of the markets meant can have", async () => {
    const ctx = await contextOf([umTape, okxTape, um])
    const onUm = "binance-um lists perpetual and future instruments, but BTC_USDT is a spot"
    // okx has a feed of it, and no router.
    expect(() => ctx.position(any("BTC_USDT"))).toThrow(new UsageError(onUm))
    expect(() => ctx.openOrders(any("BTC_USDT"))).toThrow(new UsageError(onUm))
    expect(() => ctx.instrument(any("BTC_USDT"), um)).toThrow(new UsageError(onUm))
    expect(marketOf(ctx, any("BTC_USDT"))).toBe("okx")
    const both = await contextOf([um, okx])
    expect(both.openOrders(any("BTC_USDT"))).toEqual([])
    expect(() => both.openOrders(any("BTC_USDT"), um)).toThrow(new UsageError(onUm))
    expect(() => both.openOrders(any("AAPL_NASDAQ_EQ"))).toThrow(/^binance-um lists .*; okx lists .* is a equity$/)
  })

  test("any at all in a bot without a router, which has no orders", async () => {
    const ctx = await contextOf([umTape])
    expect(() => ctx.openOrders(any(PERP))).toThrow(new UsageError("this bot declares no orders(…) task"))
    expect(ctx.openOrders()).toEqual([])
  })
})
