import { describe, expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import type { TapeOptions } from "../../../src/exchanges/binance/front.ts"
import { Desk, type Json, Keeper, type Socket, topOf } from "./front-desk.ts"

const capturedMs = 1_723_161_256_000

/** A small tape in the form of the captured one: diffs every 50 ms, a trade and best prices between, the snapshot after the sixth diff. */
function tape(diffs: number): string[] {
  const lines: string[] = []
  const line = (ms: number, json: unknown) => lines.push(`${capturedMs + ms - 1_270}000123 ${JSON.stringify(json)}`)
  const frame = (ms: number, suffix: string, data: Json) => {
    const times = { E: capturedMs + ms, T: capturedMs + ms - 1 }
    line(ms, { stream: `btcusdt@${suffix}`, data: { ...data, ...times, s: "BTCUSDT" } })
  }
  for (let index = 1; index <= diffs; index++) {
    const ms = index * 50
    const [u, pu] = [1_000 + index * 10, 990 + index * 10]
    const b = [
      ["61800.00", `${index}.000`],
      [`${61_700 + index}.00`, "1.000"],
    ]
    frame(ms, "depth@0ms", { e: "depthUpdate", U: pu + 3, u, pu, b, a: [["61800.10", "2.000"]] })
    frame(ms + 1, "bookTicker", { e: "bookTicker", u, b: "61800.00", B: `${index}.000`, a: "61800.10", A: "2.000" })
    frame(ms + 2, "trade", { e: "trade", t: 500 + index, p: "61800.10", q: "0.010", X: "MARKET", m: index % 4 === 0 })
    // As in the captured tape: when the snapshot arrives, it is two diffs behind.
    if (index === 6) {
      const sides = {
        bids: [
          ["61800.00", "4.000"],
          ["61799.00", "9.000"],
          ...[4, 3, 2, 1].map((step) => [`${61_700 + step}.00`, "1.000"]),
        ],
        asks: [["61800.10", "2.000"]],
      }
      line(ms + 10, { lastUpdateId: 1_040, E: capturedMs + ms - 90, T: capturedMs + ms - 91, ...sides })
    }
  }
  return lines
}

const streams = "btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade"
const desk = (options: Partial<TapeOptions>, more = {}) =>
  new Desk({ tape: { lines: tape(40), pace: 1, ...options }, ...more })
const snapshot = (of: Desk): Json => of.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=1000")
const diffsOf = (socket: Socket): Json[] => socket.frames.filter((frame) => frame.e === "depthUpdate")

/** Applies the diffs; joins best prices and diffs of the same number, counting apart those where the price was told first. */
function keep(book: Keeper, frames: readonly Json[]) {
  const told = new Map<number, string>()
  const seen = { joined: 0, equal: 0, toldFirst: 0 }
  const join = (u: number) => {
    if (!told.has(u) || !book.tops.has(u)) return
    seen.joined++
    if (told.get(u) === book.tops.get(u)) seen.equal++
  }
  for (const frame of frames) {
    if (frame.e === "bookTicker") told.set(frame.u, topOf(frame))
    else if (frame.e === "depthUpdate") book.diff(frame)
    else continue
    if (frame.e === "depthUpdate" && book.tops.has(frame.u) && told.has(frame.u)) seen.toldFirst++
    join(frame.u)
  }
  return seen
}

describe("a tape in place of the market", () => {
  test("begins with the first listener, holds at the snapshot until REST has been asked, then runs to its end", () => {
    const venue = desk({})
    venue.pass(5_000)
    expect(venue.front.tape).toEqual({ state: "waiting", diffs: 0 })
    const socket = venue.open(`/public/ws/${streams}`)
    venue.pass(60_000)
    expect(venue.front.tape).toEqual({ state: "held", diffs: 6 })
    const book = new Keeper(snapshot(venue))
    expect(book.lastUpdateId).toBe(1_040)
    venue.pass(1_000)
    expect(venue.front.tape?.state).toBe("playing")
    venue.pass(1_000)
    expect(venue.front.tape).toEqual({ state: "ended", diffs: 40 })
    expect(keep(book, socket.frames)).toEqual({ joined: 37, equal: 37, toldFirst: 0 })
    expect([book.applied, book.gaps]).toEqual([37, 0])
  })

  test("moves times to now and keeps their intervals, whatever the depth stream is called", () => {
    const venue = desk({})
    const combined = venue.open("/public/stream?streams=btcusdt@depth")
    const raw = venue.open("/public/ws/btcusdt@depth@500ms")
    const beganMs = Math.floor(venue.now / 1000)
    venue.pass(100)
    snapshot(venue)
    venue.pass(5_000)
    const diffs = combined.frames.map((frame) => frame.data as Json)
    expect(diffs.map((diff) => diff.E as number).map((ms) => ms - beganMs)).toEqual(
      Array.from({ length: 40 }, (_, index) => index * 50),
    )
    expect(diffs.every((diff) => diff.E - diff.T === 1)).toBe(true)
    expect(combined.frames.map((frame) => frame.stream)).toEqual(Array(40).fill("btcusdt@depth"))
    // The second listener came when the first diff was out.
    expect(raw.frames).toEqual(diffs.slice(1))
  })

  test("plays N times faster, and as fast as the client takes it but no faster", () => {
    const fast = desk({ pace: 10 })
    const quick = fast.open("/public/ws/btcusdt@depth")
    fast.pass(1)
    snapshot(fast)
    fast.pass(100)
    expect(diffsOf(quick).length).toBeGreaterThan(15)
    fast.pass(120)
    expect(fast.front.tape?.state).toBe("ended")

    let isReady = false
    const patient = desk({ pace: "asFast" }, { ready: () => isReady })
    const slow = patient.open("/public/ws/btcusdt@depth")
    patient.pass(10_000)
    expect(slow.frames).toEqual([])
    isReady = true
    patient.pass(10)
    expect(patient.front.tape?.state).toBe("held")
    snapshot(patient)
    patient.pass(10)
    expect(patient.front.tape).toEqual({ state: "ended", diffs: 40 })
  })

  test("after the snapshot REST shows what the diffs have made of it", () => {
    const venue = desk({})
    const socket = venue.open("/public/ws/btcusdt@depth")
    venue.pass(10)
    const book = new Keeper(snapshot(venue))
    venue.pass(1_200)
    const later = snapshot(venue)
    keep(book, socket.frames)
    expect(later.lastUpdateId).toBe(book.lastUpdateId)
    expect(later.bids).toEqual(book.side("bids"))
    expect(later.asks).toEqual(book.side("asks"))
    expect(later.lastUpdateId).toBeGreaterThan(1_040)
  })

  test.each([
    ["dropped", { drop: 20 }, 39, [[1_190, 1_210]]],
    ["duplicated", { duplicate: 20 }, 41, []],
    [
      "delayed behind the next",
      { delay: 20 },
      40,
      [
        [1_190, 1_210],
        [1_210, 1_200],
        [1_200, 1_220],
      ],
    ],
  ] as const)("one diff %s is all that differs", (_what, faults, count, breaks) => {
    const venue = desk({ faults })
    const socket = venue.open("/public/ws/btcusdt@depth")
    venue.pass(10)
    snapshot(venue)
    venue.pass(5_000)
    const diffs = diffsOf(socket)
    expect(diffs).toHaveLength(count)
    const pairs = diffs.slice(1).map((diff, index) => [diffs[index]!, diff] as const)
    const broken = pairs.filter(([before, diff]) => diff.pu !== before.u && diff.u !== before.u)
    expect(broken.map(([before, diff]) => [before.u, diff.u])).toEqual(breaks.map(([a, b]) => [a, b]))
  })

  test("trades of the tape are aggregated, become candles and the mark; other instruments keep their own flow", () => {
    const venue = desk({})
    const socket = venue.open("/public/ws/btcusdt@depth/ethusdt@bookTicker")
    const market = venue.open("/market/ws/btcusdt@aggTrade/btcusdt@kline_1m")
    venue.pass(10)
    snapshot(venue)
    venue.pass(5_000)
    const sum = market.frames
      .filter((frame) => frame.e === "aggTrade")
      .reduce((lots, each) => lots + Math.round(Number(each.q) * 1000), 0)
    expect(sum).toBe(400)
    expect(market.frames.findLast((frame) => frame.e === "kline")!.k).toMatchObject({ c: "61800.10", v: "0.400" })
    expect(venue.get("/fapi/v1/premiumIndex", "symbol=BTCUSDT").markPrice).toMatch(/^61800\.[01]/)
    expect(socket.frames.some((frame) => frame.s === "ETHUSDT")).toBe(true)
  })

  test("at full speed an aggregate still holds no more than 100 ms of the tape", () => {
    const venue = desk({ pace: "asFast" })
    venue.open("/public/ws/btcusdt@depth")
    const market = venue.open("/market/ws/btcusdt@aggTrade")
    venue.pass(10)
    snapshot(venue)
    venue.pass(200)
    // The tape's trades come each 50 ms, every fourth from a seller: of three buyers in a row, two fit into one aggregate.
    const aggregates = market.frames.filter((frame) => frame.e === "aggTrade")
    const trades = aggregates.map((each) => Number(each.l) - Number(each.f) + 1)
    expect(trades).toEqual(Array.from({ length: 10 }, () => [2, 1, 1]).flat())
    expect(aggregates[1]!.T - aggregates[0]!.T).toBe(100)
  })

  test("an order that reaches the tape's best price meets the size shown there once; one that does not rests", () => {
    const venue = desk({})
    const socket = venue.open("/public/ws/btcusdt@depth/btcusdt@trade")
    venue.pass(500)
    snapshot(venue)
    const before = socket.frames.length
    expect(venue.limit("BUY", "61800.00", "0.010")).toMatchObject({ status: "NEW" })
    expect(venue.market("BUY", "3.000")).toMatchObject({
      status: "EXPIRED",
      executedQty: "2.000",
      avgPrice: "61800.1000",
    })
    expect(venue.limit("SELL", "61800.00", "0.500")).toMatchObject({ status: "FILLED", executedQty: "0.500" })
    // Nobody sees it in the market.
    expect(socket.frames.length).toBe(before)
  })

  test("a tape of an instrument that is not listed, or of something else, is refused by name", () => {
    const other = tape(1).map((line) => line.replaceAll("btcusdt", "dogeusdt"))
    expect(() => desk({ lines: other })).toThrow(/DOGEUSDT/)
    expect(() => desk({ lines: ["hello world"] })).toThrow(/not a line of a tape/)
    expect(() => desk({ lines: [] })).toThrow(/does not begin/)
  })
})

const captured = join(process.env.PERIGEE_TAPES ?? "", "binance-um-btcusdt-20240808.jsonl.gz")
const isHere = process.env.PERIGEE_TAPES !== undefined && existsSync(captured)
if (!isHere)
  console.log(
    "skipped: the captured tape; set PERIGEE_TAPES to the folder that holds binance-um-btcusdt-20240808.jsonl.gz",
  )

describe.skipIf(!isHere)("the captured tape", () => {
  const run = (faults: NonNullable<TapeOptions["faults"]>, diffsMax = Number.POSITIVE_INFINITY) => {
    const lines = gunzipSync(readFileSync(captured)).toString().trimEnd().split("\n")
    const venue = new Desk({ flow: false, tape: { lines, pace: "asFast", faults } })
    const socket = venue.open("/public/ws/btcusdt@depth@100ms/btcusdt@bookTicker")
    venue.pass(1)
    const book = new Keeper(snapshot(venue))
    const isOver = () => venue.front.tape!.state === "ended" || venue.front.tape!.diffs > diffsMax
    while (!isOver()) venue.pass(0.01)
    return { book, result: keep(book, socket.frames) }
  }

  test("shows a careful client 6,547 diffs without a gap, and every best price equal: 503 told before their diff, 126 after", () => {
    const { book, result } = run({})
    expect([book.applied, book.gaps, result]).toEqual([6_547, 0, { joined: 629, equal: 629, toldFirst: 503 }])
  }, 60_000)

  test("shows a gap where a diff is dropped or delayed, and none where it is doubled", () => {
    expect(run({ drop: 300 }, 600).book.gaps).toBe(1)
    expect(run({ duplicate: 300 }, 600).book.gaps).toBe(0)
    expect(run({ delay: 300 }, 600).book.gaps).toBe(1)
  }, 60_000)
})
