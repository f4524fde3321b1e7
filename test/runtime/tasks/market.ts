import { front } from "../../../src/exchanges/binance/front.ts"
import { market } from "../../../src/exchanges/index.ts"
import type { CallbackName, FeedStateChanged } from "../../../src/runtime/domain/callbacks.ts"
import type { Channel } from "../../../src/runtime/domain/channel.ts"
import type { Trade } from "../../../src/runtime/domain/events.ts"
import type { FeedSpec } from "../../../src/runtime/domain/task.ts"
import type { Front, FrontOutput, VenueLimits } from "../../../src/runtime/ports.ts"
import type { Faults } from "../../../src/runtime/simulation/faults.ts"
import { serveFront } from "../../../src/runtime/simulation/serve.ts"
import { feedTask } from "../../../src/runtime/tasks/feed/feed.ts"
import type { TaskHost } from "../../../src/runtime/tasks/task.ts"
import { manualFeed } from "../../../src/runtime/tasks/feed/manual.ts"
import { MarketGear } from "../../../src/world/market-gear.ts"
import { seenFrom, START_AT, virtualHost } from "./host.ts"

export const BTC = "BTC_USDT_PERP"
export const TRADES: Channel = { kind: "trades" }
export const MINUTES: Channel = { kind: "candles", interval: "1m" }
export const CALM: Faults = { latencyMsMin: 2 }

interface Asked {
  readonly path: string
  readonly query: string
}

export interface ExchangeOptions {
  readonly seed?: number
  /** How long it has run before anybody comes. */
  readonly ageMs?: number
  readonly flow?: number | false
  /** Requests answered with 503. */
  readonly refuse?: (asked: Asked) => boolean
  /** Frames that the venue forgets to send. */
  readonly mute?: (text: string) => boolean
  /** Messages that the venue refuses. */
  readonly rebuff?: (text: string) => boolean
  /** Where the venue's own are too wide for a test. */
  readonly limits?: Partial<VenueLimits>
}

/** The venue's own front on a virtual network, and feeds of it. */
export async function exchange(options: ExchangeOptions = {}) {
  const { seed = 1, ageMs = 20_000, flow = 60, limits = {} } = options
  const { refuse = () => false, mute = () => false, rebuff = () => false } = options
  const virtual = virtualHost(CALM)
  const { outside, clock } = virtual
  const local = { aheadUs: 0 }
  const world = { ...virtual, host: { ...virtual.host, outside: seenFrom(outside, local) } }
  const real = front({ seed, startedAt: START_AT, accounts: [], flow })
  const asked: Asked[] = []
  const messages: string[] = []
  const talks: { readonly connection: number; readonly text: string }[] = []
  const own: FrontOutput[] = []
  let opened = 0
  const venueFront: Front = {
    request(request, now) {
      asked.push(request)
      return refuse(request) ? { status: 503, headers: {}, body: "" } : real.request(request, now)
    },
    open(...all) {
      opened++
      return real.open(...all)
    },
    message(connection, text, now) {
      messages.push(text)
      talks.push({ connection, text })
      if (!rebuff(text)) return real.message(connection, text, now)
      const { id } = JSON.parse(text) as { id: number }
      const answer = `{"error":{"code":2,"msg":"Invalid request: no such stream"},"id":${id}}`
      own.push({ kind: "text", connection, text: answer })
    },
    pong: (...all) => real.pong(...all),
    closed: (...all) => real.closed(...all),
    advance: (now) => real.advance(now),
    drain: () => [...own.splice(0), ...real.drain().filter((output) => output.kind !== "text" || !mute(output.text))],
    nextAt: () => real.nextAt(),
  }
  await serveFront({ front: venueFront, listener: outside.listener, clock, host: "10.0.0.1", port: 8080 })
  clock.advance(ageMs)
  const asListed = market("binance-um", { endpoint: "http://10.0.0.1:8080" })
  const venue = { ...asListed, limits: { ...asListed.limits, ...limits } }
  const gear = new MarketGear(venue, world.host, undefined)
  const { hub, rest } = gear
  const specOf = (channel: Channel, more: Partial<FeedSpec>): FeedSpec => ({
    kind: "feed",
    id: "1",
    market: "binance-um",
    channel,
    insts: [BTC],
    isManual: false,
    ...more,
  })
  const data = <T>(callback: Parameters<typeof world.of>[0]) => world.of(callback).map((one) => one.data as T)
  return {
    ...world,
    /** The bot's wall clock, which a test may set. */
    local,
    asked,
    /** What clients have sent over sockets. */
    messages,
    /** The same, by connection. */
    talks,
    /** The venue ends a connection. */
    cut: (connection: number) => void own.push({ kind: "close", connection, code: 1001, reason: "going away" }),
    opened: () => opened,
    gear,
    feed: (channel: Channel, more: Partial<FeedSpec> = {}) =>
      feedTask(specOf(channel, more), world.host, { hub, venue, rest, keeper: (inst) => gear.keeper(inst) }),
    /** The same feed with an ear of its own: what this task, and no other, is told. */
    listening(channel: Channel, more: Partial<FeedSpec> = {}) {
      const told: { readonly callback: CallbackName; readonly data: unknown }[] = []
      const publisher = (callback: CallbackName) => (data: unknown) => void told.push({ callback, data })
      const host = { ...world.host, publisher } as TaskHost
      const task = feedTask(specOf(channel, more), host, { hub, venue, rest, keeper: (inst) => gear.keeper(inst) })
      const data = <T>(callback: CallbackName) =>
        told.filter((one) => one.callback === callback).map((one) => one.data as T)
      return { task, data }
    },
    /** `limits`: where the venue's own would take too long. */
    manual: (channel: Channel, limits: Partial<VenueLimits> = {}) =>
      manualFeed(
        specOf(channel, { isManual: true }),
        world.host,
        { ...venue, limits: { ...venue.limits, ...limits } },
        (event, receivedAt) => hub.hear(event, receivedAt),
      ),
    subscription: (channel: Channel) => venue.subscribe(channel, [BTC]),
    data,
    states: () => data<FeedStateChanged>("onFeedState"),
    told: () => data<Trade>("onTrade"),
    missed: () =>
      data<FeedStateChanged>("onFeedState").reduce(
        (sum, one) => sum + (one.state === "gap" ? (one.missed ?? 0) : 0),
        0,
      ),
    /** The exchange's own list of ids, from the first of these to the last. */
    truth(trades: readonly Trade[]): string[] {
      const ids: string[] = []
      const last = BigInt(trades.at(-1)?.tradeId ?? 0)
      for (let from = BigInt(trades[0]?.tradeId ?? 1); from <= last;) {
        const query = `symbol=BTCUSDT&limit=1000&fromId=${from}`
        const request = { method: "GET", path: "/fapi/v1/aggTrades", query, headers: {}, body: "" }
        const { status, body } = real.request(request, clock.now())
        if (status !== 200) throw new Error(body)
        const page = [...body.matchAll(/"a":(\d+)/g)].map(([, id]) => BigInt(id!)).filter((id) => id <= last)
        if (page.length === 0) break
        ids.push(...page.map(String))
        from = page.at(-1)! + 1n
      }
      return ids
    },
  }
}
