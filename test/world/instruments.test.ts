import { expect, test } from "bun:test"
import { book, type Bot, bot, type Context, type InstrumentMsg, orders, schedule, trades } from "perigee"
import type { Front } from "../../src/runtime/ports.ts"
import { openSimulation } from "../../src/world/simulation.ts"
import { openRig } from "./rig.ts"
import { until } from "./until.ts"

const INST = "BTC_USDT_PERP"

/** The exchange, whose listing of BTCUSDT a test rewrites. */
function relisted(front: Front, rewrite: (row: { status: string; filters: Record<string, string>[] }) => void): Front {
  return {
    ...front,
    request: (asked, now) => {
      const answer = front.request(asked, now)
      if (asked.path !== "/fapi/v1/exchangeInfo") return answer
      const listing = JSON.parse(answer.body) as { symbols: (Parameters<typeof rewrite>[0] & { symbol: string })[] }
      for (const row of listing.symbols) if (row.symbol === "BTCUSDT") rewrite(row)
      return { ...answer, body: JSON.stringify(listing) }
    },
  }
}

test("a tick that grows and a status that changes reach the strategy, its rounding and its orders", async () => {
  const listing = { status: "TRADING", tickSize: "0.10" }
  const told: string[] = []
  const answers: unknown[] = []
  const sample = (): Bot => {
    const tape = trades("binance-um", [INST])
    const tick = schedule({ everyMs: 60_000 })
    const router = orders("binance-um")
    return bot({ name: "sample" })
      .task(tape)
      .task(tick)
      .task(router)
      .strategy({
        onTrade: () => undefined,
        onInstrument({ data }, ctx) {
          told.push(`${data.inst} ${data.fields.join()} ${ctx.instrument(INST)?.tickSize} ${data.now.status}`)
        },
        onSchedule(_, ctx) {
          answers.push(ctx.submit(router, { inst: INST, side: "BUY", size: "0.010", price: "50000.1" }))
        },
      }) as unknown as Bot
  }
  const simulation = await openSimulation({
    bot: sample,
    seed: 3,
    rate: 1,
    through: (front) =>
      relisted(front, (row) => {
        row.status = listing.status
        for (const filter of row.filters)
          if (filter["filterType"] === "PRICE_FILTER") filter["tickSize"] = listing.tickSize
      }),
  })
  simulation.advance(70_000)
  expect(answers.at(-1)).toMatchObject({ kind: "submitted" })
  listing.tickSize = "0.50"
  simulation.advance(15 * 60_000)
  expect(answers.at(-1)).toMatchObject({ kind: "refused", reasons: ["price 50000.1 is not a multiple of tick 0.5"] })
  listing.status = "SETTLING"
  simulation.advance(15 * 60_000)
  expect(answers.at(-1)).toMatchObject({ kind: "refused", reasons: [expect.stringMatching(/^BTC_USDT_PERP is \w+/)] })
  expect(told).toEqual([
    `${INST} tickSize 0.5 live`,
    expect.stringMatching(/^BTC_USDT_PERP status 0\.5 (delisting|closed|suspended)$/),
  ])
  simulation.stop("the test is over")
}, 60_000)

interface Row {
  readonly symbol: string
  status: string
}

/** The exchange, whose listing a test may rewrite or take away, with every request for it. */
function listing() {
  const asked: { readonly headers: Readonly<Record<string, string>>; readonly query: string }[] = []
  const state = { isAway: false, status: {} as Record<string, string>, asked }
  const through = (front: Front): Front => ({
    ...front,
    request: (request, now) => {
      if (request.path !== "/fapi/v1/exchangeInfo") return front.request(request, now)
      asked.push(request)
      if (state.isAway) return { status: 503, headers: {}, body: "" }
      const answer = front.request(request, now)
      const rows = JSON.parse(answer.body) as { symbols: Row[] }
      for (const row of rows.symbols) row.status = state.status[row.symbol] ?? row.status
      return { ...answer, body: JSON.stringify(rows) }
    },
  })
  return { state, through }
}

class Reader {
  readonly name: string
  readonly told: string[] = []
  first: string | undefined = "never started"
  constructor(name: string) {
    this.name = name
  }
  start(ctx: Context): void {
    this.first = ctx.instrument(INST)?.tickSize
  }
  onTrade(): void {}
  onLob(): void {}
  onInstrument({ data, task }: InstrumentMsg, ctx: Context): Promise<void> | undefined {
    this.told.push(`${data.inst} ${data.now.status} by ${task.kind} ${task.id}`)
    if (ctx.instrument(data.inst, data.market)?.status !== data.now.status)
      this.told.push("and ctx knows nothing of it")
    return undefined
  }
}

test("a bot that only reads knows its instruments before its first event, without a key, and hears of changes once", async () => {
  const { state, through } = listing()
  const both = trades("binance-um", [INST, "ETH_USDT_PERP"], { chunk: 2 })
  const depth = book("binance-um", [INST])
  const [all, one, last] = [new Reader("all"), new Reader("one"), new Reader("last")]
  const simulation = await openSimulation({
    bot: () =>
      bot({ name: "reader" })
        .tasks([both, depth])
        .strategy(all)
        .strategy(one, { on: [depth] })
        .strategy(last, { on: [both.part(2)] }) as unknown as Bot,
    seed: 3,
    rate: 1,
    through,
  })
  simulation.advance(60_000)
  expect([all.first, one.first, last.first]).toEqual(["0.1", "0.1", "0.1"])
  expect(state.asked).toHaveLength(1)
  expect(state.asked.map(({ headers, query }) => [Object.keys(headers), query])).toEqual([[[], ""]])
  expect(simulation.world.reasons()).toEqual([])
  state.status = { BTCUSDT: "SETTLING", ETHUSDT: "SETTLING" }
  simulation.advance(15 * 60_000)
  const [btc, eth] = [expect.stringMatching(/^BTC_USDT_PERP \w+ by feed/), expect.stringMatching(/^ETH_USDT_PERP/)]
  expect(all.told.toSorted()).toEqual([btc, eth])
  expect(all.told.every((line) => line.endsWith("by feed 1"))).toBe(true)
  expect(one.told).toEqual([expect.stringMatching(/^BTC_USDT_PERP \w+ by feed 3$/)])
  expect(last.told.toSorted()).toEqual([btc, eth])
  expect(last.told.every((line) => line.endsWith("by feed 2"))).toBe(true)
  simulation.stop("the test is over")
}, 60_000)

test("with a router the listing is asked for no more often, and who hears the router hears of a change from it alone", async () => {
  const { state, through } = listing()
  const tape = trades("binance-um", [INST])
  const router = orders("binance-um")
  const [all, only] = [new Reader("all"), new Reader("only")]
  const simulation = await openSimulation({
    bot: () =>
      bot({ name: "reader" })
        .tasks([tape, router])
        .strategy(all)
        .strategy(only, { on: [tape] }) as unknown as Bot,
    seed: 3,
    rate: 1,
    through,
  })
  simulation.advance(60_000)
  expect(state.asked).toHaveLength(1)
  state.status = { BTCUSDT: "SETTLING" }
  simulation.advance(15 * 60_000)
  expect(all.told).toEqual([expect.stringMatching(/by orders 1$/)])
  expect(only.told).toEqual([expect.stringMatching(/by feed 1$/)])
  simulation.stop("the test is over")
}, 60_000)

test("everything changes at once while strategies are busy: each hears of each instrument once all the same", async () => {
  const names = ["ETH", "LTC", "BTC", "XLM"]
  const all = names.map((base) => `${base}_USDT_PERP` as typeof INST)
  const { state, through } = listing()
  const wider = (front: Front): Front => ({
    ...front,
    request: (request, now) => {
      const answer = front.request(request, now)
      if (request.path !== "/fapi/v1/exchangeInfo") return answer
      const { symbols, ...rest } = JSON.parse(answer.body) as { symbols: Row[] }
      const more = ["LTC", "XLM"].map((base) => ({
        ...symbols[0],
        symbol: `${base}USDT`,
        pair: `${base}USDT`,
        baseAsset: base,
      }))
      return { ...answer, body: JSON.stringify({ ...rest, symbols: [...symbols, ...more] }) }
    },
  })
  class Slow extends Reader {
    readonly #ms: number
    constructor(name: string, ms: number) {
      super(name)
      this.#ms = ms
    }
    override onInstrument(message: InstrumentMsg, ctx: Context): Promise<void> {
      void super.onInstrument(message, ctx)
      return new Promise<void>((resolve) => void setTimeout(resolve, this.#ms))
    }
  }
  // The first tells of all that the third names, but to another strategy; the second tells one strategy of one of them.
  const [zero, one, two] = [trades("binance-um", all), trades("binance-um", [INST]), trades("binance-um", all)]
  const [both, last, first] = [new Slow("both", 5), new Slow("last", 500), new Reader("first")]
  const simulation = await openSimulation({
    bot: () =>
      bot({ name: "reader" })
        .tasks([zero, one, two])
        .strategy(both, { on: [one, two] })
        .strategy(last, { on: [two] })
        .strategy(first, { on: [zero] }) as unknown as Bot,
    seed: 3,
    rate: 1,
    through: (front) => through(wider(front)),
  })
  simulation.advance(60_000)
  state.status = Object.fromEntries(names.map((base) => [`${base}USDT`, "SETTLING"]))
  simulation.advance(15 * 60_000)
  const heard = (reader: Reader): string[] => reader.told.map((line) => line.replace(/_\w+ \w+ by/, " by")).toSorted()
  expect(heard(both)).toEqual(["BTC by feed 2", "ETH by feed 3", "LTC by feed 3", "XLM by feed 3"])
  expect(heard(last)).toEqual(names.map((base) => `${base} by feed 3`).toSorted())
  expect(heard(first)).toEqual(names.map((base) => `${base} by feed 1`).toSorted())
  simulation.stop("the test is over")
}, 60_000)

test("a listing that does not come holds up no start for long and is not waited for by readiness: it comes later", async () => {
  const { state, through } = listing()
  state.isAway = true
  const reader = new Reader("reader")
  const tape = trades("binance-um", [INST])
  let now: string | undefined
  const tick = schedule({ everyMs: 1_000 })
  const simulation = await openSimulation({
    bot: () =>
      bot({ name: "reader" })
        .tasks([tape, tick])
        .strategy(reader, { on: [tape] })
        .strategy(
          { onSchedule: (_, ctx) => void (now = ctx.instrument(INST)?.tickSize) },
          { on: [tick] },
        ) as unknown as Bot,
    seed: 3,
    rate: 1,
    through,
  })
  simulation.advance(60_000)
  expect([reader.first, now]).toEqual([undefined, undefined])
  expect(simulation.world.reasons()).toEqual([])
  expect(simulation.outside.log.lines.some(({ event }) => event === "instruments.unanswered")).toBe(true)
  state.isAway = false
  simulation.advance(120_000)
  expect(now).toBe("0.1")
  expect(reader.told).toEqual([])
  simulation.stop("the test is over")
}, 60_000)

test("on real sockets a live bot that only reads has them too, without keys, and is ready", async () => {
  const reader = new Reader("reader")
  const declared = bot({ name: "reader" })
    .task(trades("binance-um", [INST]))
    .strategy(reader) as unknown as Bot
  const rig = await openRig({ bot: declared, world: { mode: "live" } })
  expect(reader.first).toBe("0.1")
  await until("it is ready", () => rig.world.reasons().length === 0)
  await rig.close()
}, 60_000)
