// What a bot has lived through, recorded and lived through again.
import { afterAll, afterEach, describe, expect, test } from "bun:test"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { bbo, book, bot, candles, orders, trades } from "../../src/index.ts"
import type { TapeEntry } from "../../src/runtime/ports.ts"
import { readTape } from "../../src/runtime/storage/tape-reader.ts"
import { replay, type ReplayOptions } from "../../src/world/replay.ts"
import { openSimulator, SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { openTape } from "../../src/world/tape.ts"
import { folder } from "./program.ts"
import { loud, openRig, type Rig } from "./rig.ts"
import { until } from "./until.ts"

const home = folder()
afterAll(() => home.remove())
let files = 0
const file = (): string => join(home.path, `${++files}.tape`)

let rig: Rig | undefined
afterEach(async () => {
  await rig?.close()
  rig = undefined
})

const [BTC, ETH] = ["BTC_USDT_PERP", "ETH_USDT_PERP"] as const

/** It names what no feed of the bot does. */
const LIMITS = { orderNotionalMax: "5000", orderSizeMax: { [BTC]: "1", [ETH]: "1" } }

/** Everything it hears of the market, by feed. */
function listener() {
  const heard: Record<string, unknown[]> = {}
  const hear = (feed: string, data: object): void => void (heard[feed] ??= []).push({ ...data })
  const feeds = {
    trades: trades("binance-um", [BTC, ETH], { history: 50 }),
    each: trades("binance-um", [BTC], { each: true }),
    diffs: book("binance-um", [BTC, ETH]),
    tops: bbo("binance-um", [ETH]),
    minutes: candles("binance-um", [BTC], "1m", { history: 20 }),
  }
  const router = orders("binance-um")
  const listening = bot({ name: "listener", account: "exclusive" })
    .tasks([...Object.values(feeds), router])
    .strategy(
      {
        onTrade: ({ data, task }) => hear(`trades ${task.id}`, data),
        onLob: ({ data, task }) => hear(`${data.form} ${task.id}`, data),
        onCandle: ({ data, task }) => hear(`candles ${task.id}`, data),
      },
      { on: Object.values(feeds) },
    )
  return { bot: listening, heard, count: () => Object.values(heard).reduce((sum, list) => sum + list.length, 0) }
}

/** What was asked for is received when its answer is read, which is no part of the tape. */
const asTold = (heard: Record<string, unknown[]>): Record<string, unknown[]> =>
  Object.fromEntries(
    Object.entries(heard).map(([feed, list]) => [
      feed,
      list.map((data) => {
        const { receivedAt, ...rest } = data as { receivedAt: number; isHistory?: boolean }
        return rest.isHistory === true ? rest : { receivedAt, ...rest }
      }),
    ]),
  )

const again = (options: Pick<ReplayOptions, "bot" | "file"> & Partial<ReplayOptions>) =>
  replay({ seed: 1, set: {}, latencyMs: 10, ...options })

async function entries(path: string): Promise<TapeEntry[]> {
  const all: TapeEntry[] = []
  for await (const entry of readTape(path)) all.push(entry)
  return all
}

describe("a run over real sockets and its replay", () => {
  test("agree on every market event of each feed, to its time, from the first to the last", async () => {
    const path = file()
    const live = listener()
    const tape = await openTape(path)
    rig = await openRig({ bot: live.bot, simulator: { rate: 400 }, world: { tape, credentials: SIM_ACCOUNT } })
    await until("some thousand events of all feeds", () => Object.keys(live.heard).length === 5 && live.count() > 3_000)
    await rig.close()
    rig = undefined
    await tape.close()

    const replayed = listener()
    const { why, stats, readyMs } = await again({ bot: replayed.bot, file: path })
    expect(asTold(replayed.heard)).toEqual(asTold(live.heard))
    expect({ why, gaps: stats.bookGaps }).toEqual({ why: "the tape ends", gaps: 0 })
    expect(readyMs).toBeGreaterThan(0)
  }, 60_000)

  test("agree on what was told across an outage", async () => {
    const path = file()
    const live = listener()
    const tape = await openTape(path)
    rig = await openRig({ bot: live.bot, simulator: { rate: 200 }, world: { tape, credentials: SIM_ACCOUNT } })
    await until("events", () => live.count() > 1_000)
    const { port } = rig.served
    await rig.served.close()
    const other = await openSimulator({
      market: "binance-um",
      outside: loud().outside,
      host: "127.0.0.1",
      port,
      seed: 2,
      pace: 1,
      rate: 200,
    })
    const before = live.count()
    await until("events again, far beyond what was missed", () => live.count() > before + 4_200, 30_000)
    await rig.world.stop("enough")
    await other.close()
    rig = undefined
    await tape.close()

    const replayed = listener()
    await again({ bot: replayed.bot, file: path })
    // A long past is told in slices between which the loop turns: how those of two instruments interleave is no part of the tape.
    const told = ({ heard }: ReturnType<typeof listener>) =>
      Object.entries(heard).flatMap(([feed, list]) => {
        const all = list.map((data) => ({ ...(data as { inst: string; receivedAt: number }), receivedAt: 0 }))
        return [BTC, ETH].map((wanted) => [feed, wanted, all.filter(({ inst }) => inst === wanted)])
      })
    expect(told(replayed)).toEqual(told(live))
  }, 90_000)
})

describe("a recorded tape", () => {
  let made: Promise<string> | undefined
  /** Some seconds of a bot that trades, over real sockets: recorded once. */
  const recorded = (): Promise<string> => (made ??= record())

  async function record(): Promise<string> {
    const of = trader()
    const path = file()
    const tape = await openTape(path)
    rig = await openRig({ bot: of.bot, simulator: { rate: 300 }, world: { tape, credentials: SIM_ACCOUNT } })
    await until("some fills and trades", () => of.filled.length > 1 && of.told.length > 300)
    await rig.close()
    rig = undefined
    await tape.close()
    return path
  }

  /** Takes, and rests at the touch, in turns: one order at a time. */
  function trader(insts: readonly (typeof BTC | typeof ETH)[] = [BTC]) {
    const filled: string[] = []
    const told: string[] = []
    const states: string[] = []
    const diffs = book("binance-um", insts)
    const tape = trades("binance-um", insts)
    const router = orders("binance-um")
    let count = 0
    const trading = bot({ name: "trader", account: "exclusive", limits: LIMITS })
      .tasks([diffs, tape, router])
      .strategy(
        {
          onTrade({ data }, ctx) {
            told.push(data.tradeId)
            const view = ctx.book(BTC)
            if (view.state !== "live" || ctx.openOrders().length > 0 || told.length % 20 !== 0) return
            const side = count++ % 2 === 0 ? "BUY" : "SELL"
            const { bidPrice, askPrice } = view.best()!
            const price = String(side === "BUY" ? bidPrice : askPrice)
            const wish = { inst: BTC, side, size: "0.010" } as const
            if (count % 4 < 2) ctx.submit(router, { ...wish, type: "market" })
            else ctx.submit(router, { ...wish, type: "limit", price })
          },
          onOrder({ data: { order, fill } }) {
            states.push(order.state)
            if (fill !== undefined) filled.push(fill.price)
          },
          onLob() {},
        },
        { on: [diffs, tape, router] },
      )
    return { bot: trading, filled, told, states }
  }

  test("holds no key, no signature, no session and nothing of the account's", async () => {
    const path = await recorded()
    const text = readFileSync(path, "utf8")
    expect(text).not.toContain(SIM_ACCOUNT.apiKey)
    expect(text).not.toContain(SIM_ACCOUNT.secret)
    expect(text).not.toMatch(/signature|listenKey|ORDER_TRADE_UPDATE|ACCOUNT_UPDATE|"balance"|recvWindow/i)
    const channels = new Set((await entries(path)).map(({ channel }) => channel.replace(/symbol=.*/, "symbol=")))
    expect([...channels].toSorted()).toEqual([
      "binance-um /market/stream 2",
      "binance-um /market/stream 2 closed",
      "binance-um /market/stream 2 sent",
      "binance-um /public/stream 1",
      "binance-um /public/stream 1 closed",
      "binance-um /public/stream 1 sent",
      "binance-um GET /fapi/v1/depth?symbol=",
      "binance-um GET /fapi/v1/exchangeInfo",
    ])
  }, 30_000)

  test("has orders filled at prices of its own book, and the same ones every time", async () => {
    const path = await recorded()
    const [one, two, later] = [trader(), trader(), trader()]
    const first = await again({ bot: one.bot, file: path })
    expect(await again({ bot: two.bot, file: path })).toEqual(first)
    expect([two.told, two.states, two.filled]).toEqual([one.told, one.states, one.filled])
    expect(one.filled.length).toBeGreaterThan(1)
    expect([first.stats.unknownOrders, first.stats.bookGaps]).toEqual([0, 0])
    const prices = new Set(
      [...readFileSync(path, "utf8").matchAll(/"(\d{5}\.\d\d?)"/g)].map(([, price]) => Number(price)),
    )
    expect(one.filled.filter((price) => !prices.has(Number(price)))).toEqual([])
    // Whoever is farther away hears the same, and comes later.
    await again({ bot: later.bot, file: path, latencyMs: 400 })
    expect(later.told).toEqual(one.told)
    expect(later.filled).not.toEqual(one.filled)
  }, 30_000)

  test("is played as far as it is asked for, and a bot may want less than is on it", async () => {
    const path = await recorded()
    const all = await entries(path)
    const [first] = all
    const half = Math.ceil((all.at(-1)!.receivedAt - first!.receivedAt) / 2)
    const heard: string[] = []
    const feed = trades("binance-um", [BTC])
    const less = bot({ name: "less" })
      .task(feed)
      .strategy({ onTrade: ({ data }) => void heard.push(data.tradeId) })
    const { seconds, why } = await again({ bot: less, file: path, seconds: half / 1e6 })
    const wanted = all
      .filter(({ receivedAt, text }) => receivedAt <= first!.receivedAt + half && text.includes('@aggTrade","data'))
      .map(({ text }) => /"a":(\d+),/.exec(text)?.[1])
    expect(heard.length).toBeGreaterThan(50)
    expect([heard, seconds, why]).toEqual([wanted as string[], half / 1e6, "its time is up"])
  }, 30_000)

  test("that has one stream twice gives it once", async () => {
    const path = await recorded()
    const all = await entries(path)
    const twice = file()
    const copy = await openTape(twice)
    for (const entry of all) {
      copy.append(entry)
      if (/stream \d$/.test(entry.channel)) copy.append({ ...entry, channel: entry.channel.replace(/\d$/, "9") })
    }
    await copy.close()
    const [one, two] = [trader(), trader()]
    await again({ bot: one.bot, file: path })
    const { stats } = await again({ bot: two.bot, file: twice })
    expect(two.told).toEqual(one.told)
    expect(stats.bookGaps).toBe(0)
  }, 30_000)

  test("serves a feed whose strategy connects by itself to the venue's own address", async () => {
    const path = await recorded()
    const manual = trades("binance-um", [BTC], { manual: true })
    const heard: string[] = []
    const hand = bot({ name: "hand" })
      .task(manual)
      .strategy({
        async onWsEvent(_message, ctx) {
          const connected = await ctx.feed(manual).connect("wss://fstream.binance.com/market/stream")
          if (connected.kind !== "accepted") return
          await ctx.feed(manual).send('{"method":"SUBSCRIBE","params":["btcusdt@aggTrade"],"id":1}')
        },
        onTrade: ({ data }) => void heard.push(data.tradeId),
      })
    const other = trader()
    await again({ bot: hand, file: path })
    await again({ bot: other.bot, file: path })
    expect(heard.length).toBeGreaterThan(300)
    expect(heard).toEqual(other.told)
  }, 30_000)

  test("is played by the simulated exchange alone, too: its first instrument", async () => {
    const path = await recorded()
    const diffs = book("binance-um", [BTC])
    const images: number[] = []
    const reader = bot({ name: "reader" })
      .task(diffs)
      .strategy({
        onLob(_message, ctx) {
          const view = ctx.book(BTC)
          if (view.state === "live") images.push(view.best()?.bidPrice ?? 0)
        },
      })
    rig = await openRig({ bot: reader, simulator: { tape: path, pace: "asFast" } })
    await until("a live book", () => images.length > 10)
    expect(rig.world.stats().bookGaps).toBe(0)
  }, 30_000)

  test("is refused where it lacks what the bot listens to, with what it has", async () => {
    const path = await recorded()
    const { bot: greedy } = trader([BTC, ETH])
    const refused = await again({ bot: greedy, file: path }).catch((error: Error) => error.message)
    expect(refused).toBe(
      `the tape ${path} lacks what bot trader listens to:
  - lob incremental of ETH_USDT_PERP (ethusdt@depth@100ms)
  - trades of ETH_USDT_PERP (ethusdt@aggTrade)
it holds btcusdt@aggTrade, btcusdt@depth@100ms; perigee run trader --record FILE writes a tape of what the bot wants`,
    )
  }, 30_000)

  test("is refused where it is of another market, of none, or broken, by its line", async () => {
    const { bot: any } = trader()
    const write = (...lines: string[]): string => {
      const path = file()
      writeFileSync(path, lines.map((line) => `${line}\n`).join(""))
      return path
    }
    const why = (path: string): Promise<unknown> =>
      again({ bot: any, file: path }).catch((error: Error) => error.message)
    const okx = write('1723161255030314000 #okx%20%2Fws%2Fv5%2Fpublic%201 {"arg":{}}')
    expect(await why(okx)).toBe(
      `${okx} is a tape of okx, and bot trader is on binance-um; give a tape that was recorded of binance-um`,
    )
    const bare = write('1723161255030314667 {"stream":"btcusdt@trade","data":{}}', '1723161255030314668 {"arg":{}}')
    expect(await why(bare)).toBe(
      `${bare} line 2 is no frame of binance-um: it begins "{"arg":{}}"; give a tape that was recorded of binance-um`,
    )
    const model = write('1723161255030314000 #model%201 {"request":"x"}')
    expect(await why(model)).toBe(
      `the tape ${model} holds no market data of binance-um; give a tape that was recorded of binance-um`,
    )
    const broken = write('1723161255030314000 #x {"a":1}', "not a line", '1723161255030314000 #x {"a":1}')
    expect(await why(broken)).toBe(
      `${broken} line 2 is no tape line: it begins "not a line", not with a time in ns; cut the line out, or give another tape`,
    )
    const cut = write("", '1723161255030314000 {"stream":"btcusdt@trade","data":{"e":"tra')
    expect(await why(cut)).toBe(
      `${cut} line 2 is damaged: its frame has no end; cut the line out, or give another tape`,
    )
  })
})

const captured = join(process.env["PERIGEE_TAPES"] ?? "", "binance-um-btcusdt-20240808.jsonl.gz")
const isThere = process.env["PERIGEE_TAPES"] !== undefined && existsSync(captured)

describe.skipIf(!isThere)(isThere ? "the captured tape" : "the captured tape (skipped without PERIGEE_TAPES)", () => {
  const real = () => {
    const tops = bbo("binance-um", [BTC])
    const diffs = book("binance-um", [BTC], { everyMs: 0 })
    const prints = trades("binance-um", [BTC], { each: true })
    const counts = { tops: 0, diffs: 0, prints: 0, unequal: 0, joined: 0 }
    const told = new Map<number, string>()
    const watching = bot({ name: "real" })
      .tasks([tops, diffs, prints])
      .strategy(
        {
          onLob({ data }, ctx) {
            const u = Number(data.sequence?.last)
            if (data.form === "bbo") {
              counts.tops++
              told.set(u, [...data.bids, ...data.asks].join())
              return
            }
            counts.diffs++
            const view = ctx.book(BTC)
            if (view.state !== "live" || !told.has(u)) return
            const { bidPrice, bidSize, askPrice, askSize } = view.best()!
            counts.joined++
            if (told.get(u) !== [bidPrice, bidSize, askPrice, askSize].join()) counts.unequal++
          },
          onTrade: () => void counts.prints++,
        },
        { on: [tops, diffs, prints] },
      )
    return { bot: watching, counts }
  }

  test("is heard whole, frame by frame, with a book that is right", async () => {
    const lines = gunzipSync(readFileSync(captured)).toString().split("\n")
    const of = (stream: string): number => lines.filter((line) => line.includes(`"btcusdt@${stream}"`)).length
    const watch = real()
    const { stats, seconds } = await again({ bot: watch.bot, file: captured })
    expect(watch.counts).toMatchObject({ tops: of("bookTicker"), diffs: of("depth@0ms"), joined: 503, unequal: 0 })
    // Those without a price are no trades.
    expect(watch.counts.prints).toBe(lines.filter((line) => /@trade".*"X":"MARKET"/.test(line)).length)
    expect([stats.bookGaps, Math.round(seconds)]).toEqual([0, 345])
  }, 60_000)

  test("gives the same trace again, and another where one byte of one frame is another", async () => {
    const trace = async (path: string): Promise<string[]> => {
      const lines: string[] = []
      await again({ bot: real().bot, file: path, seconds: 30, trace: (line) => lines.push(line) })
      return lines
    }
    const one = await trace(captured)
    expect(one.length).toBeGreaterThan(5_000)
    expect(await trace(captured)).toEqual(one)
    const text = gunzipSync(readFileSync(captured)).toString()
    const at = text.indexOf('"p":"', text.indexOf("btcusdt@trade", 2_000_000)) + 9
    const path = file()
    writeFileSync(path, `${text.slice(0, at)}${text[at] === "1" ? "2" : "1"}${text.slice(at + 1)}`)
    const other = await trace(path)
    const differs = other.findIndex((line, place) => line !== one[place])
    expect(other[differs]).toMatch(/^\d+ socket \d+ received /)
    expect(other[differs]?.split(" ", 1)).toEqual(one[differs]?.split(" ", 1))
  }, 60_000)
})
