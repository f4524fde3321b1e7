// What an instrument trades at, as orders and open positions are valued: which feed tells, and for how long.
import { describe, expect, test } from "bun:test"
import type { Channel } from "../../../src/runtime/domain/channel.ts"
import type { Candle, Lob, Trade } from "../../../src/runtime/domain/events.ts"
import type { BookKeeper } from "../../../src/runtime/tasks/feed/book-keeper.ts"
import { priceAgeUs, priceOf } from "../../../src/runtime/tasks/feed/price.ts"
import { Stream } from "../../../src/runtime/tasks/feed/stream.ts"
import { BTC, exchange, MINUTES, TRADES } from "./market.ts"

const BOOK: Channel = { kind: "lob", form: "incremental" }
const BBO: Channel = { kind: "lob", form: "bbo" }
const IMAGES: Channel = { kind: "lob", form: "snapshot", depth: 5 }
const SECOND = 1_000_000

const lob = (form: Lob["form"], bids: number[], asks: number[]): Lob =>
  ({ kind: "lob", form, bids: Float64Array.from(bids), asks: Float64Array.from(asks) }) as unknown as Lob

function traded(price: number, at: number): Stream {
  const stream = new Stream(TRADES, BTC)
  stream.trade({ kind: "trade", price } as Trade, at)
  return stream
}

function shown(channel: Channel, at: number, ...events: Lob[]): Stream {
  const stream = new Stream(channel, BTC)
  for (const event of events) stream.lob(event, at)
  return stream
}

function booked(at: number, best: { bidPrice: number; askPrice: number } | undefined): Stream {
  const stream = shown(BOOK, at, lob("incremental", [90, 1], [91, 1]))
  const view = best === undefined ? { state: "quarantined" } : { state: "live", best: () => best }
  stream.book = { view: () => view } as unknown as BookKeeper
  return stream
}

describe("the price of an instrument", () => {
  test("is the middle of its live book, however new a trade is", () => {
    const book = booked(1, { bidPrice: 100, askPrice: 102 })
    expect(priceOf([traded(90, 50 * SECOND), book], 50 * SECOND)).toBe(101)
    expect(priceOf([traded(90, 50 * SECOND), booked(1, undefined)], 50 * SECOND)).toBe(90)
  })

  test("is what was heard last of trades, best prices, images and candles where no book is live", () => {
    const candles = new Stream(MINUTES, BTC)
    candles.candle({ kind: "candle", close: 107, openAt: 0, interval: "1m" } as Candle, 4)
    const streams = [
      traded(100, 1),
      shown(BBO, 2, lob("bbo", [102, 1], [104, 1])),
      shown(IMAGES, 3, lob("snapshot", [104, 1, 1, 1], [106, 1, 200, 1])),
      candles,
      booked(5, undefined),
    ]
    expect([1, 2, 3, 4, 5].map((count) => priceOf(streams.slice(0, count), 6))).toEqual([100, 103, 105, 107, 107])
  })

  test("is not known from diffs alone, the first image of a book among them, nor from one side of it", () => {
    const image = lob("snapshot", [100, 1], [102, 1])
    expect(priceOf([shown(BOOK, 1, image, lob("incremental", [90, 1], [91, 1]))], 2)).toBeUndefined()
    const oneSided = shown(BBO, 1, lob("bbo", [100, 1], [102, 1]), lob("bbo", [100, 1], []))
    expect(priceOf([oneSided], 2)).toBeUndefined()
    expect(priceAgeUs([oneSided], 2)).toBeUndefined()
    expect(priceOf([shown(IMAGES, 1, image, lob("heartbeat", [], []))], 2)).toBe(101)
  })

  test("is not known any more a minute after it was heard", () => {
    const streams = [traded(100, SECOND), shown(BBO, 11 * SECOND, lob("bbo", [102, 1], [104, 1]))]
    expect([71, 71.000001].map((at) => priceOf(streams, at * SECOND))).toEqual([103, undefined])
    expect([priceAgeUs(streams, 90 * SECOND), priceAgeUs([], 0)]).toEqual([79 * SECOND, undefined])
  })
})

describe("the feeds of a market", () => {
  test("tell no price that was heard before the wall clock was set, and the next one again", async () => {
    const world = await exchange()
    const { task } = world.listening(TRADES)
    const { hub } = world.gear
    task.start()
    world.clock.advance(10_000)
    expect(hub.price(BTC)).toBeGreaterThan(0)
    world.local.aheadUs = -3_600 * SECOND
    expect([hub.price(BTC), hub.priceAgeUs(BTC)]).toEqual([undefined, undefined])
    world.clock.advance(10_000)
    expect(hub.price(BTC)).toBeGreaterThan(0)
    void task.stop()
    world.local.aheadUs = 0
    // By its own time it was heard a moment ago again.
    expect(hub.price(BTC)).toBeUndefined()
  })

  test.each<[string, Channel]>([
    ["best prices", BBO],
    ["images", IMAGES],
    ["candles", MINUTES],
    ["diffs", BOOK],
    ["trades", TRADES],
  ])("of %s tell the price while they live, and no longer than a minute after", async (_name, channel) => {
    const world = await exchange()
    const { task } = world.listening(channel)
    const { hub } = world.gear
    expect(hub.price(BTC)).toBeUndefined()
    task.start()
    world.clock.advance(10_000)
    const price = hub.price(BTC)!
    expect(price).toBeGreaterThan(0)
    expect(hub.price("ETH_USDT_PERP")).toBeUndefined()
    void task.stop()
    world.clock.advance(55_000)
    // The book of a feed that has ended is no book any more, and diffs are no price.
    if (channel !== BOOK) expect(Math.abs(hub.price(BTC)! / price - 1)).toBeLessThan(0.01)
    else expect(hub.price(BTC)).toBeUndefined()
    world.clock.advance(10_000)
    expect(hub.price(BTC)).toBeUndefined()
    if (channel !== BOOK) expect(hub.priceAgeUs(BTC)).toBeGreaterThan(60 * SECOND)
  })
})
