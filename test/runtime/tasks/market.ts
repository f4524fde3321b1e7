import { front } from "../../../src/exchanges/binance/front.ts"
import { market } from "../../../src/exchanges/index.ts"
import type { FeedStateChanged } from "../../../src/runtime/domain/callbacks.ts"
import type { Channel } from "../../../src/runtime/domain/channel.ts"
import type { Trade } from "../../../src/runtime/domain/events.ts"
import type { FeedSpec } from "../../../src/runtime/domain/task.ts"
import type { Front, VenueLimits } from "../../../src/runtime/ports.ts"
import type { Faults } from "../../../src/runtime/simulation/faults.ts"
import { serveFront } from "../../../src/runtime/simulation/serve.ts"
import { feedTask } from "../../../src/runtime/tasks/feed/feed.ts"
import { manualFeed } from "../../../src/runtime/tasks/feed/manual.ts"
import { MarketGear } from "../../../src/world/market-gear.ts"
import { START_AT, virtualHost } from "./host.ts"

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
}

/** The venue's own front on a virtual network, and feeds of it. */
export async function exchange(options: ExchangeOptions = {}) {
  const { seed = 1, ageMs = 20_000, flow = 60, refuse = () => false, mute = () => false } = options
  const world = virtualHost(CALM)
  const { outside, clock } = world
  const real = front({ seed, startedAt: START_AT, accounts: [], flow })
  const asked: Asked[] = []
  const messages: string[] = []
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
      real.message(connection, text, now)
    },
    pong: (...all) => real.pong(...all),
    closed: (...all) => real.closed(...all),
    advance: (now) => real.advance(now),
    drain: () => real.drain().filter((output) => output.kind !== "text" || !mute(output.text)),
    nextAt: () => real.nextAt(),
  }
  await serveFront({ front: venueFront, listener: outside.listener, clock, host: "10.0.0.1", port: 8080 })
  clock.advance(ageMs)
  const venue = market("binance-um", { endpoint: "http://10.0.0.1:8080" })
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
    asked,
    /** What clients have sent over sockets. */
    messages,
    opened: () => opened,
    gear,
    feed: (channel: Channel, more: Partial<FeedSpec> = {}) =>
      feedTask(specOf(channel, more), world.host, { hub, venue, rest, keeper: (inst) => gear.keeper(inst) }),
    /** `limits`: where the venue's own would take too long. */
    manual: (channel: Channel, limits: Partial<VenueLimits> = {}) =>
      manualFeed(specOf(channel, { isManual: true }), world.host, { ...venue, limits: { ...venue.limits, ...limits } }),
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
