// Warm-up history through the whole bot in a virtual world with weather: what strategies are told is whole.
import { describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { book, bot, type Bot, candles, type Candle, trades, type Trade } from "perigee"
import { everyPart } from "../../src/world/parts.ts"
import { planOf } from "../../src/world.ts"
import { openSimulation, type SimulationOptions } from "../../src/world/simulation.ts"

const INST = "BTC_USDT_PERP"
const MINUTE_US = 60_000_000
/** A simulation asks for the bot once to plan it, and once for its first life. */
const PLANS = 2

interface Diary {
  readonly trades: Trade[]
  readonly candles: Candle[]
  /** What a strategy without a declared history asked for at its first trade, and that trade. */
  asked: { readonly past: readonly Trade[]; readonly first: Trade } | undefined
  /** Trades told after that one. */
  readonly later: Trade[]
  missed: number
  readonly errors: string[]
}

const newDiary = (): Diary => ({ trades: [], candles: [], asked: undefined, later: [], missed: 0, errors: [] })

function reader(diary: Diary, isSlow = false): Bot {
  const warm = trades("binance-um", [INST], { history: 60 })
  const minutes = candles("binance-um", [INST], "1m", { history: 90 })
  const bare = trades("binance-um", [INST], { id: "bare" })
  return bot({ name: "reader" })
    .tasks([warm, minutes, bare])
    .strategy(
      {
        onTrade({ data }) {
          diary.trades.push(data)
          return isSlow ? Promise.resolve() : undefined
        },
        onCandle: ({ data }) => void diary.candles.push(data),
        onFeedState: ({ data }) => void (diary.missed += data.missed ?? 0),
        onError: ({ data }) => void diary.errors.push(data.message),
      },
      { name: "warm", on: [warm, minutes] },
    )
    .strategy(
      {
        async onTrade({ data }, ctx) {
          if (diary.asked !== undefined) return void diary.later.push(data)
          diary.asked = { past: [], first: data }
          const past = await ctx.history(bare, { before: data, count: 20 })
          if (past.kind === "accepted") diary.asked = { past: past.value, first: data }
          else diary.errors.push(past.kind)
        },
      },
      { name: "asking", on: [bare] },
    ) as unknown as Bot
}

const idsOf = (all: readonly Trade[]): bigint[] => all.map(({ tradeId }) => BigInt(tradeId))
/** How many ids lie between neighbours; below 0 where one is told twice or out of order. */
const holes = (all: readonly Trade[]): number[] =>
  idsOf(all).flatMap((id, at, ids) => (at === 0 || id === ids[at - 1]! + 1n ? [] : [Number(id - ids[at - 1]!) - 1]))

/** The second life is the one that is read: its past was told to the first as it came. */
async function run(options: Partial<SimulationOptions>, diary: Diary, isSlow = false): Promise<void> {
  let lives = 0
  const living = () => reader(++lives <= PLANS ? newDiary() : diary, isSlow)
  const simulation = await openSimulation({ bot: living, seed: 1, rate: 60, ...options })
  simulation.advance(20_000)
  simulation.kill("now")
  simulation.revive()
  simulation.advance(150_000)
  simulation.stop("the test is over")
}

const seeds = Array.from({ length: 6 }, (_, at) => at + 1)
const weather = {
  latencyMsMin: 1,
  latencyMsMax: 60,
  dropRate: 0.001,
  duplicateRate: 0.002,
  cutRate: 0.0005,
  lostReplyRate: 0.1,
}

describe("a bot that is warmed up", () => {
  test("has a past in an exchange that has just opened too, and the stream joins it", async () => {
    const diary = newDiary()
    const simulation = await openSimulation({ bot: () => reader(diary), seed: 1, rate: 60 })
    simulation.advance(5_000)
    simulation.stop("the test is over")
    const { trades: told } = diary
    expect(told.filter(({ isHistory }) => isHistory === true)).toHaveLength(60)
    expect(told.length).toBeGreaterThan(80)
    expect(holes(told)).toEqual([])
  })

  test.each(seeds)(
    "seed %d: is told each trade and each candle's end once and in order, whatever the weather",
    async (seed) => {
      const diary = newDiary()
      await run({ seed, faults: weather }, diary, seed % 2 === 0)
      expect(diary.trades.length).toBeGreaterThan(200)
      const lacking = holes(diary.trades)
      expect(lacking.every((hole) => hole > 0)).toBe(true)
      expect(lacking.reduce((sum, hole) => sum + hole, 0)).toBe(diary.missed)
      const isPast = diary.trades.map(({ isHistory }) => isHistory === true)
      // Whoever trades on the stream alone does so from the first event that is not marked.
      expect(isPast.indexOf(false)).toBeGreaterThan(0)
      const ends = diary.candles.filter(({ isClosed }) => isClosed).map(({ openAt }) => openAt)
      expect(ends.length).toBeGreaterThanOrEqual(91)
      expect(ends.every((at, place) => place === 0 || at === ends[place - 1]! + MINUTE_US)).toBe(true)
      expect(diary.errors).toEqual([])
    },
  )

  test("asks for what lies right before an event, and the next one it hears joins on", async () => {
    const diary = newDiary()
    await run({ faults: { latencyMsMin: 5 } }, diary)
    const { past, first } = diary.asked!
    expect(past.length).toBeGreaterThan(0)
    expect(past.every(({ isHistory }) => isHistory)).toBe(true)
    expect(holes([...past, first, ...diary.later])).toEqual([])
    expect(diary.errors).toEqual([])
  })

  test("sees the same twice with one seed, to the last line of the trace", async () => {
    const digest = async () => {
      const diary = newDiary()
      const simulation = await openSimulation({
        bot: () => reader(diary),
        seed: 9,
        faults: weather,
        trace: () => undefined,
      })
      simulation.advance(20_000)
      simulation.stop("the test is over")
      return { digest: simulation.trace!.digest, trades: idsOf(diary.trades).map(String) }
    }
    const once = await digest()
    expect(once.trades.length).toBeGreaterThan(20)
    expect(await digest()).toEqual(once)
  })
})

describe("a history that cannot be", () => {
  const declared = (
    options: Parameters<typeof trades>[2] & { readonly each?: boolean },
    insts: string[] = [INST],
  ): Bot =>
    bot({ name: "wrong" })
      .task(trades("binance-um", insts, options))
      .strategy({ onTrade() {}, onWsEvent() {} } as never) as unknown as Bot
  const many = Array.from({ length: 90 }, (_, at) => `C${at}_USDT_PERP`)

  test.each([
    [{ history: 5_001 }, [INST], "history is 5001; write a whole number from 0 to 5000"],
    [{ history: 0.5 }, [INST], "history is 0.5; write a whole number from 0 to 5000"],
    [
      { history: 100 },
      many,
      "history is 9000 events in all, and its ring holds 8192: ask for fewer, or raise ringSlots",
    ],
    [
      { history: 10, each: true },
      [INST],
      "binance-um lists the past of single fills for key holders only; leave out `each`",
    ],
    [{ history: 10, manual: true }, [INST], "has a history and is driven by hand"],
    [{ silenceMsMax: 10 }, [INST], "silenceMsMax is 10; write milliseconds from 1000"],
  ] as const)("%j is refused at build, by name and with what to do", (options, insts, message) => {
    expect(() => planOf(declared(options as never, [...insts]), everyPart())).toThrow(message)
  })
})

const tape = join(process.env["PERIGEE_TAPES"] ?? "", "binance-um-btcusdt-20240808.jsonl.gz")
const isThere = process.env["PERIGEE_TAPES"] !== undefined && existsSync(tape)
const TAPE_TRADES = 21_313

test.skipIf(!isThere)(
  "the captured trades of six minutes are told whole and in order over a network that cuts (skipped without PERIGEE_TAPES)",
  async () => {
    const told: Trade[] = []
    let missed = 0
    let lost = 0
    const stream = trades("binance-um", [INST], { history: 0 })
    const depth = book("binance-um", [INST], { everyMs: 0 })
    const listening = (): Bot =>
      bot({ name: "listening" })
        .tasks([stream, depth])
        .strategy({
          onTrade: ({ data }) => void told.push(data),
          onLob: () => undefined,
          onFeedState({ data }) {
            missed += data.missed ?? 0
            if (data.state === "lost") lost++
          },
        }) as unknown as Bot
    const simulation = await openSimulation({ bot: listening, seed: 3, tape })
    for (let cuts = 0; cuts < 20; cuts++) {
      simulation.advance(17_000)
      simulation.outside.network.cutAll()
    }
    simulation.advance(30_000)
    simulation.stop("the test is over")
    expect(lost).toBeGreaterThan(19)
    expect([holes(told), missed]).toEqual([[], 0])
    // The front adds up fills of one price and side within 100 ms, as the venue does.
    expect(told.length).toBeWithin(1_000, TAPE_TRADES)
    expect(told.filter(({ isHistory }) => isHistory).length).toBeGreaterThan(0)
  },
  120_000,
)
