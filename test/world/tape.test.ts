// A captured tape through everything: the front's listener, real sockets, the adapter, the feed's own book, a strategy.
import { afterEach, describe, expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { bbo, book, bot, type Message } from "../../src/index.ts"
import type { Best } from "../../src/runtime/book/book.ts"
import type { BookStateChanged } from "../../src/runtime/domain/callbacks.ts"
import type { SimulatorOptions } from "../../src/world/simulator.ts"
import { openRig, type Rig } from "./rig.ts"
import { until } from "./until.ts"

const folder = process.env["PERIGEE_TAPES"]
const tape = folder === undefined ? "" : join(folder, "binance-um-btcusdt-20240808.jsonl.gz")
const isThere = tape !== "" && existsSync(tape)
const title = isThere
  ? "the captured tape over real sockets"
  : "the captured tape over real sockets (skipped: PERIGEE_TAPES names no folder with it)"

const INST = "BTC_USDT_PERP"
const DIFFS = 6_547
/** The depth diff that a fault befalls, counted from 1. */
const FAULTY = 2_000

let rig: Rig | undefined
afterEach(async () => {
  await rig?.close()
  rig = undefined
})

interface Summary {
  readonly state: string
  readonly seq: number
  readonly applied: number
  readonly ignored: number
  readonly gaps: number
  readonly crossed: number
  readonly unreadable: number
}

/** Best prices by update number: of the bot's own book after each diff, and as the venue told them. */
function watcher() {
  const own = new Map<number, Best | undefined>()
  const told = new Map<number, Best>()
  const states: string[] = []
  const whys: string[] = []
  const diffs = book("binance-um", [INST], { everyMs: 0 })
  const tops = bbo("binance-um", [INST])
  const watching = bot({ name: "watcher" })
    .task(tops)
    .task(diffs)
    .strategy(
      {
        onLob({ data }, ctx) {
          const u = Number(data.sequence?.last)
          if (data.form === "bbo") {
            const [bidPrice = 0, bidSize = 0] = data.bids
            const [askPrice = 0, askSize = 0] = data.asks
            told.set(u, { bidPrice, bidSize, askPrice, askSize })
          } else {
            const view = ctx.book(INST)
            if (view.state === "live" && view.seq === u) own.set(u, view.best())
          }
        },
        onBookState({ data }: Message<BookStateChanged>) {
          states.push(data.state)
          if (data.state === "quarantined") whys.push(data.why)
        },
      },
      { on: [tops, diffs] },
    )
  return { bot: watching, own, told, states, whys }
}

const summary = ({ world }: Rig): Summary => {
  const found = world.engine.tasks.map((task) => (task.state() as { books?: Record<string, Summary> }).books?.[INST])
  return found.find((one) => one !== undefined)!
}

interface Diff {
  readonly pu: number
  readonly u: number
}

/** What the tape holds, read with other eyes than the adapter's. */
function contents(): { diffs: Diff[]; tickers: Set<number>; toldFirst: Set<number> } {
  const diffs: Diff[] = []
  const tickers = new Set<number>()
  const toldFirst = new Set<number>()
  for (const line of gunzipSync(readFileSync(tape)).toString().trimEnd().split("\n")) {
    const u = Number(/"u":(\d+)/.exec(line)?.[1])
    if (line.includes("@bookTicker")) tickers.add(u)
    if (!line.includes("@depth")) continue
    diffs.push({ pu: Number(/"pu":(\d+)/.exec(line)?.[1]), u })
    if (tickers.has(u)) toldFirst.add(u)
  }
  return { diffs, tickers, toldFirst }
}

const real = isThere ? contents() : { diffs: [], tickers: new Set<number>(), toldFirst: new Set<number>() }

async function play(faults?: SimulatorOptions["faults"]) {
  const watch = watcher()
  const all = faults === undefined ? {} : { faults }
  rig = await openRig({ bot: watch.bot, simulator: { tape, pace: "asFast", ...all } })
  const last = real.diffs.at(-1)!.u
  await until("the tape's last diff and best prices", () => {
    const { state, seq } = summary(rig!)
    return state === "live" && seq === last && watch.told.size === real.tickers.size
  })
  const { own, told } = watch
  const joined = [...own].filter(([u]) => told.has(u)).map(([u]) => u)
  const unequal = joined.filter((u) => !Bun.deepEquals(own.get(u), told.get(u)))
  return { ...watch, book: summary(rig), joined, unequal }
}

describe.skipIf(!isThere)(title, () => {
  test("is applied whole, without a gap, and every top equals the venue's own of the same update", async () => {
    const { joined, unequal, states, book } = await play()
    expect(book).toMatchObject({ state: "live", applied: DIFFS, gaps: 0, crossed: 0, unreadable: 0 })
    expect([states, unequal]).toEqual([["live"], []])
    // On the tape 503 updates have their best prices before their diff, and 126 behind it.
    const toldFirst = joined.filter((u) => real.toldFirst.has(u)).length
    expect({ toldFirst, toldLater: joined.length - toldFirst }).toEqual({ toldFirst: 503, toldLater: 126 })
  })

  test("with one diff dropped is quarantined at the next one, fetches the book anew, and goes on", async () => {
    const { states, whys, book, joined, unequal } = await play({ drop: FAULTY })
    const [before, , next] = real.diffs.slice(FAULTY - 2)
    expect(states).toEqual(["live", "quarantined", "live"])
    expect(whys).toEqual([`update ${next?.pu}..${next?.u} does not follow ${before?.u}`])
    expect(book).toMatchObject({ state: "live", gaps: 1, crossed: 0, unreadable: 0 })
    expect(unequal).toEqual([])
    expect(joined.length).toBeGreaterThan(300)
  })

  test("with one diff doubled ignores the second", async () => {
    const { states, unequal, book } = await play({ duplicate: FAULTY })
    expect([states, unequal]).toEqual([["live"], []])
    expect(book).toMatchObject({ state: "live", applied: DIFFS, gaps: 0 })
  })

  test("with one diff delayed behind the next is quarantined at that one, and goes on", async () => {
    const { states, whys, unequal, book } = await play({ delay: FAULTY })
    const [before, , next] = real.diffs.slice(FAULTY - 2)
    expect(states).toEqual(["live", "quarantined", "live"])
    expect(whys).toEqual([`update ${next?.pu}..${next?.u} does not follow ${before?.u}`])
    expect(book).toMatchObject({ state: "live", gaps: 1, crossed: 0, unreadable: 0 })
    expect(unequal).toEqual([])
  })
})
