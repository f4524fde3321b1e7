// What one handler does once, done in another way: the trace must show it, whether or not it crosses a port.
import { expect, test } from "bun:test"
import { type AltIntent, bot, type Bot, type Context, intents, orders, relay, schedule, trades } from "perigee"
import { firstDifference } from "../../src/runtime/simulation/trace.ts"
import { openSimulation } from "../../src/world/simulation.ts"

const INST = "BTC_USDT_PERP"

const handlesOf = () => ({
  tick: schedule({ everyMs: 100 }),
  router: orders("binance-um"),
  heard: intents({ id: "heard" }),
  unheard: intents({ id: "unheard" }),
  others: relay(),
  hand: trades("binance-um", [INST], { manual: true }),
})
type Handles = ReturnType<typeof handlesOf>

/** What a handler does; `n` is 1 or 2. */
type Does = (ctx: Context, handles: Handles, n: number) => unknown

const intent = (n: number): AltIntent => ({
  timestamp: 1,
  type: "weight",
  targets: [{ market: "binance-um", inst: INST, value: n }],
  metadata: {},
})
const buy = (size: string) => ({ inst: INST, side: "BUY", size, price: "60000", timeInForce: "gtc" }) as const

async function run(does: Does, n: number): Promise<readonly string[]> {
  const lines: string[] = []
  const made = (): Bot => {
    const handles = handlesOf()
    const { tick, router, heard, unheard, others, hand } = handles
    let calls = 0
    return bot({ name: "a", limits: { orderNotionalMax: "1000" } })
      .tasks([tick, router, heard, unheard, others, hand])
      .strategy(
        { onSchedule: (_, ctx) => void (++calls === 20 && does(ctx as never, handles, n)) },
        { on: [tick], name: "doer" },
      )
      .strategy({ onInstIntent() {} }, { on: [heard], name: "listener" }) as unknown as Bot
  }
  const simulation = await openSimulation({ bot: made, seed: 1, trace: (line) => void lines.push(line) })
  simulation.advance(2_500)
  simulation.stop("the test is over")
  return lines
}

const TRADE = {
  kind: "trade",
  market: "binance-um",
  inst: INST,
  tradeId: "1",
  price: 1,
  size: 1,
  side: "BUY",
  timestamp: 1,
  receivedAt: 1,
} as const

const loop: Record<string, unknown> = {}
loop["self"] = loop

function fail(): never {
  throw new Error("not to be read")
}

const outputs: [string, Does, string][] = [
  ["an order", (ctx, { router }, n) => ctx.submit(router, buy(`0.00${n + 1}`)), "call doer.submit"],
  ["an order the bot's own rules refuse", (ctx, { router }, n) => ctx.submit(router, buy(`${n}`)), "call doer.submit"],
  ["a cancel of nothing", (ctx, { router }, n) => ctx.cancel(router, `${n}`.repeat(32)), "call doer.cancel"],
  [
    "an amend of nothing",
    (ctx, { router }, n) => ctx.amend(router, { clientId: "1".repeat(32), price: `${n}`, size: "1" }),
    "call doer.amend",
  ],
  ["an intent", (ctx, { heard }, n) => ctx.publishIntent(heard, intent(n)), "call doer.publishIntent"],
  ["an intent nobody hears", (ctx, { unheard }, n) => ctx.publishIntent(unheard, intent(n)), "call doer.publishIntent"],
  [
    "whom an intent is for",
    (ctx, { heard, unheard }, n) => ctx.publishIntent(n === 1 ? heard : unheard, intent(1)),
    "call doer.publishIntent",
  ],
  [
    "orders nobody carries out",
    (ctx, { others }, n) =>
      ctx.publishOrders(others, [{ timestamp: 1, market: "binance-um", request: buy(`${n}`), metadata: {} }]),
    "call doer.publishOrders",
  ],
  ["a text a feed cannot send", (ctx, { hand }, n) => ctx.feed(hand).send(`text ${n}`), "call doer.send"],
  ["where a feed connects", (ctx, { hand }, n) => ctx.feed(hand).connect(`ws://nobody:${n}/`), "call doer.connect"],
  ["a gauge", (ctx, _, n) => (ctx.metrics.gauge("level", "Level").value = n), "metric perigee_strategy_level"],
  [
    "a counter",
    (ctx, _, n) => (ctx.metrics.counter("seen_total", "Seen").value += n),
    "metric perigee_strategy_seen_total",
  ],
  [
    "a metric's label",
    (ctx, _, n) => ctx.metrics.gauge("level", "Level", { n: `${n}` }),
    "metric perigee_strategy_level",
  ],
  ["what is kept", (ctx, _, n) => ctx.state.set("n", n), "journal"],
  ["what is logged", (ctx, _, n) => ctx.log.debug("said", { n }), "log said"],
  ["how loud it is logged", (ctx, _, n) => (n === 1 ? ctx.log.debug("said") : ctx.log.info("said")), "log said"],
  ["a date that is logged", (ctx, _, n) => ctx.log.debug("said", { at: new Date(n) }), "log said"],
  ["a map that is logged", (ctx, _, n) => ctx.log.debug("said", { map: new Map([[1, n]]) }), "log said"],
  ["a version that is logged", (ctx, _, n) => ctx.log.debug("said", { version: n }), "call doer.log"],
  [
    "an intent's version",
    (ctx, { heard }, n) => ctx.publishIntent(heard, { ...intent(1), metadata: { version: `${n}` } }),
    "call doer.publishIntent",
  ],
  [
    "a history that is refused at once",
    (ctx, { hand }, n) => ctx.history(hand, { before: TRADE, count: -n }),
    "call doer.history",
  ],
  ["a timer", (ctx, _, n) => ctx.after(n, () => undefined), "timer set"],
  [
    "what is thrown",
    (_ctx, _handles, n) => {
      throw new Error(`${n}`)
    },
    "log strategy.threw",
  ],
]

test.each(outputs)("%s done otherwise gives another trace, done again the same", async (_, does, channel) => {
  const [one, again, other] = [await run(does, 1), await run(does, 1), await run(does, 2)]
  expect(firstDifference(one, again)).toBeUndefined()
  const difference = firstDifference(one, other)!
  expect(difference.one).toMatch(new RegExp(`^\\d+ ${channel} [0-9a-f]{16}$`))
  expect(difference.other).toMatch(new RegExp(`^\\d+ ${channel} [0-9a-f]{16}$`))
})

test("a timer that is cancelled leaves a line, and another than one that was set at another time", async () => {
  const [none, one, other] = [
    await run((ctx) => void ctx.after(5_000, () => undefined), 1),
    await run((ctx) => ctx.after(5_000, () => undefined).cancel(), 1),
    await run((ctx) => {
      ctx.after(5_000, () => undefined)
      ctx.after(5_000, () => undefined).cancel()
    }, 1),
  ]
  expect(firstDifference(none, one)?.other).toMatch(/ timer cancel [0-9a-f]{16}$/)
  const cancelled = (lines: readonly string[]) => lines.filter((line) => line.includes(" timer cancel "))
  expect(cancelled(other)).not.toEqual(cancelled(one))
})

test("the same metric is one object, and what no hash can be made of is handled as without a trace", async () => {
  const seen: unknown[] = []
  const lines = await run((ctx, { router }) => {
    const gauge = ctx.metrics.gauge("level", "Level")
    gauge.value = 3
    seen.push(ctx.metrics.gauge("level", "Level") === gauge, ctx.metrics.gauge("level", "Level").value)
    seen.push(ctx.submit(router, { ...buy("0.002"), tag: loop } as never).kind)
    ctx.log.info("looped", { loop, error: Object.defineProperty(new Error("x"), "message", { get: () => fail() }) })
  }, 1)
  expect(seen).toEqual([true, 3, expect.stringMatching(/^(submitted|refused)$/)])
  expect(lines.filter((line) => line.includes(" log looped "))).toHaveLength(1)
  expect(lines.filter((line) => / call doer\.submit [0-9a-f]{16}$/.test(line))).toHaveLength(1)
})
