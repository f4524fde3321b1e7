// What a strategy asks of the venue: the same live, in a simulation and in a replay.
import { afterAll, expect, test } from "bun:test"
import { join } from "node:path"
import { type Bot, bot, type Context, orders, type Outcome, schedule, trades } from "perigee"
import { QUESTIONS } from "../../src/runtime/domain/operation.ts"
import { replay } from "../../src/world/replay.ts"
import { openSimulation } from "../../src/world/simulation.ts"
import { SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { openTape } from "../../src/world/tape.ts"
import { folder } from "./program.ts"
import { openRig } from "./rig.ts"
import { until } from "./until.ts"

const INST = "BTC_USDT_PERP"
const home = folder()
afterAll(() => home.remove())

type Answers = Record<string, Outcome<unknown>>

async function askOfMarket(ctx: Context, answers: Answers): Promise<void> {
  const inst = INST
  answers["serverTime"] = await ctx.ask("binance-um", "serverTime", {})
  answers["instruments"] = await ctx.ask("binance-um", "instruments", {})
  answers["liveInstruments"] = await ctx.ask("binance-um", "liveInstruments", {})
  answers["tickers"] = await ctx.ask("binance-um", "tickers", { insts: [inst] })
  answers["orderbook"] = await ctx.ask("binance-um", "orderbook", { inst, depth: 5 })
  answers["candles"] = await ctx.ask("binance-um", "candles", { inst, interval: "1m", limit: 5 })
  answers["trades"] = await ctx.ask("binance-um", "trades", { inst, limit: 5 })
  answers["tradeHistory"] = await ctx.ask("binance-um", "tradeHistory", { inst, limit: 5 })
  answers["premiumIndex"] = await ctx.ask("binance-um", "premiumIndex", { inst })
  answers["premiumCandles"] = await ctx.ask("binance-um", "premiumCandles", { inst, interval: "1m", limit: 5 })
  answers["liveFunding"] = await ctx.ask("binance-um", "liveFunding", { inst })
  answers["fundingInfo"] = await ctx.ask("binance-um", "fundingInfo", {})
  answers["fundingHistory"] = await ctx.ask("binance-um", "fundingHistory", { inst, limit: 5 })
  answers["openInterest"] = await ctx.ask("binance-um", "openInterest", { inst, period: "5m", limit: 2 })
}

async function askOfAccount(ctx: Context, answers: Answers): Promise<void> {
  const inst = INST
  answers["openOrders"] = await ctx.ask("binance-um", "openOrders", { inst })
  answers["orderHistory"] = await ctx.ask("binance-um", "orderHistory", { inst, limit: 5 })
  answers["fills"] = await ctx.ask("binance-um", "fills", { inst, limit: 5 })
  answers["balance"] = await ctx.ask("binance-um", "balance", {})
  answers["positions"] = await ctx.ask("binance-um", "positions", { insts: [inst] })
  answers["fees"] = await ctx.ask("binance-um", "fees", { inst })
  answers["fundingPaid"] = await ctx.ask("binance-um", "fundingPaid", { inst, limit: 5 })
  answers["positionMode"] = await ctx.ask("binance-um", "positionMode", {})
  answers["accountConfig"] = await ctx.ask("binance-um", "accountConfig", {})
  answers["symbolConfig"] = await ctx.ask("binance-um", "symbolConfig", { inst })
  const [placed] = ctx.openOrders()
  const clientId = placed?.clientId ?? "none"
  answers["order"] = await ctx.ask("binance-um", "order", { inst, clientId })
}

/** Asks of the market at its hundredth trade, which a replay tells at the same time, and of the account once an order rests. */
function asker() {
  const answers: Answers = {}
  let heard = 0
  let isAsking = false
  const tape = trades("binance-um", [INST])
  const router = orders("binance-um")
  const asking = bot({ name: "asker", account: "exclusive" })
    .tasks([tape, router])
    .strategy({
      async onTrade(_, ctx) {
        if (++heard === 100) await askOfMarket(ctx as unknown as Context, answers)
      },
      onAltEvent({ task }, ctx) {
        if (task.kind !== "orders") return
        // Refused until the bot is ready and, in a replay, until the tape has told a price.
        ctx.every(250, () => {
          if (isAsking || ctx.openOrders().length > 0) return
          ctx.submit(router, { inst: INST, side: "BUY", size: "0.010", price: "30000" })
        })
      },
      async onOrder({ data }, ctx) {
        if (isAsking || data.order.state !== "open") return
        isAsking = true
        await askOfAccount(ctx as unknown as Context, answers)
      },
    })
  return { bot: asking as unknown as Bot, answers }
}

const kinds = (answers: Answers): Record<string, string> =>
  Object.fromEntries(Object.entries(answers).map(([question, { kind }]) => [question, kind]))
const ALL = Object.fromEntries(Object.keys(QUESTIONS).map((question) => [question, "accepted"]))
/** What is said of the account, or of the moment, is another in another run. */
const OF_THE_RUN =
  /^(serverTime|order|openOrders|orderHistory|fills|balance|positions|fees|fundingPaid|positionMode|accountConfig|symbolConfig)$/

const publicOnes = (answers: Answers): Answers =>
  Object.fromEntries(Object.entries(answers).filter(([question]) => !OF_THE_RUN.test(question)))

test("every question is answered live, and in the replay of that run what is public is answered the same", async () => {
  const path = join(home.path, "asked.tape")
  const live = asker()
  const tape = await openTape(path)
  const rig = await openRig({ bot: live.bot, simulator: { rate: 200 }, world: { tape, credentials: SIM_ACCOUNT } })
  try {
    await until(
      "everything is answered",
      () => Object.keys(live.answers).length === Object.keys(QUESTIONS).length,
      20_000,
    )
    // The replay may ask later than the run did: the tape goes on for a while.
    await Bun.sleep(3_000)
  } finally {
    await rig.close()
    await tape.close()
  }
  expect(kinds(live.answers)).toEqual(ALL)
  expect(live.answers["openOrders"]).toMatchObject({ value: [{ inst: INST, price: "30000", size: "0.01" }] })
  expect(live.answers["order"]).toMatchObject({ value: { inst: INST, side: "BUY", status: "open" } })
  expect(live.answers["liveInstruments"]).toMatchObject({
    value: expect.arrayContaining([expect.objectContaining({ inst: INST })]),
  })
  for (const question of ["tickers", "candles", "trades", "tradeHistory", "premiumIndex", "liveFunding", "balance"]) {
    expect((live.answers[question] as { value: unknown[] }).value.length).toBeGreaterThan(0)
  }

  const replayed = asker()
  await replay({ bot: replayed.bot, file: path, seed: 1, set: {}, latencyMs: 10 })
  expect(kinds(replayed.answers)).toEqual(ALL)
  expect(publicOnes(replayed.answers)).toEqual(publicOnes(live.answers))
}, 60_000)

test("a simulation answers every question, at its own time, the same for the same seed", async () => {
  const run = async (): Promise<{ answers: Answers; trace: readonly string[] }> => {
    const { bot: asking, answers } = asker()
    const lines: string[] = []
    const simulation = await openSimulation({
      bot: () => asking,
      seed: 5,
      rate: 20,
      trace: (line) => void lines.push(line),
    })
    simulation.advance(120_000)
    simulation.stop("the test is over")
    return { answers, trace: lines }
  }
  const [first, second] = [await run(), await run()]
  expect(kinds(first.answers)).toEqual(ALL)
  expect(second.answers).toEqual(first.answers)
  expect(second.trace).toEqual(first.trace)
  expect(first.trace.some((line) => line.includes(".ask "))).toBe(true)
}, 60_000)

test("what cannot be asked is refused, or said at once, by name", async () => {
  const told: Record<string, unknown> = {}
  const said = (name: string, ask: () => unknown): void => {
    try {
      ask()
      told[name] = "nothing"
    } catch (error) {
      told[name] = (error as Error).message
    }
  }
  const tick = schedule({ everyMs: 100_000 })
  const tape = trades("binance-um", [INST])
  const asking = bot({ name: "keyless" })
    .tasks([tick, tape])
    .strategy({
      onTrade: () => undefined,
      async onSchedule(_, context) {
        // As in JavaScript, where no type says no.
        const ctx = context as unknown as { ask(...words: unknown[]): Promise<Outcome<unknown>> }
        said("place", () => ctx.ask("binance-um", "place", {}))
        said("unknown word", () => ctx.ask("binance-um", "weather", {}))
        said("another market", () => ctx.ask("okx", "tickers", {}))
        said("no params", () => ctx.ask("binance-um", "tickers"))
        said("inst", () => ctx.ask("binance-um", "orderbook", { inst: 5 }))
        said("a time", () => ctx.ask("binance-um", "fundingHistory", { inst: INST, startAt: "yesterday" }))
        said("milliseconds", () => ctx.ask("binance-um", "fundingHistory", { inst: INST, startAt: 1_790_000_000_000 }))
        said("nothing", () => ctx.ask("binance-um", "fees", {}))
        said("another's", () => ctx.ask("binance-um", "tickers", { inst: INST }))
        said("an interval", () => ctx.ask("binance-um", "candles", { inst: INST, interval: "7m" }))
        said("a type", () => ctx.ask("binance-um", "tickers", { type: "perp" }))
        said("an object's own", () => ctx.ask("binance-um", "trades", { inst: INST, toString: 1 }))
        said("a limit", () => ctx.ask("binance-um", "trades", { inst: INST, limit: 0 }))
        said("a misspelt one", () => ctx.ask("binance-um", "trades", { inst: INST, limits: 5 }))
        said("insts", () => ctx.ask("binance-um", "tickers", { insts: [INST, null] }))
        told["no key"] = await ctx.ask("binance-um", "balance", {})
        told["spot name"] = await ctx.ask(tape, "orderbook", { inst: "BTC_USDT" })
        told["unlisted"] = await ctx.ask(tape, "orderbook", { inst: "NONE_USDT_PERP" })
        told["done"] = true
      },
    }) as unknown as Bot
  const rig = await openRig({ bot: asking })
  try {
    await until("all is asked", () => told["done"] === true, 20_000)
  } finally {
    await rig.close()
  }
  expect(told["place"]).toStartWith('ask: "place" is no question; those are serverTime, ')
  expect(told["unknown word"]).toStartWith('ask: "weather" is no question; ')
  expect(told["another market"]).toBe("no task of this bot names the market okx; they name binance-um")
  expect(told["no params"]).toBe("ask: params is undefined; write { insts?, type? }")
  expect(told["inst"]).toBe("ask: params.inst is a number; write a text")
  expect(told["a time"]).toBe(
    "ask: params.startAt is a string; write microseconds since the epoch, as ctx.now() gives them",
  )
  expect(told["milliseconds"]).toStartWith("ask: params.startAt is 1790000000000; write microseconds")
  expect(told["nothing"]).toBe('ask: "fees" needs params.inst; it takes { inst }')
  expect(told["another's"]).toBe('ask: "tickers" has no params.inst; it takes { insts?, type? }')
  expect(told["an interval"]).toStartWith('ask: params.interval "7m" is not known; write 1s or 1m or ')
  expect(told["a type"]).toStartWith('ask: params.type "perp" is not known; write spot or perpetual or ')
  expect(told["an object's own"]).toStartWith('ask: "trades" has no params.toString; ')
  expect(told["a limit"]).toBe("ask: params.limit is 0; write a whole number above zero")
  expect(told["a misspelt one"]).toBe('ask: "trades" has no params.limits; it takes { inst, limit? }')
  expect(told["insts"]).toBe("ask: params.insts[1] is null; write a name")
  expect(told["no key"]).toMatchObject({ kind: "refused", reason: expect.stringContaining("BINANCE_API_KEY") })
  expect(told["spot name"]).toMatchObject({ kind: "refused", reason: expect.stringContaining("BTC_USDT") })
  expect(told["unlisted"]).toMatchObject({ kind: "refused", code: "-1121" })
}, 40_000)
