// The continuity rules on a real captured tape. `JSON.parse` decodes here: update numbers of 2024 are safe integers.
import { describe, expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import type { Lob } from "../../../src/runtime/domain/events.ts"
import { BookSync, type Image } from "../../../src/runtime/book/sync.ts"
import { diff, futures } from "./lob.ts"

type Row = readonly [price: string, size: string]
interface Top {
  readonly u: number
  readonly best: { bidPrice: number; bidSize: number; askPrice: number; askSize: number }
}
type Line = { kind: "diff"; lob: Lob } | { kind: "image"; image: Image } | { kind: "top"; top: Top }

const folder = process.env.PERIGEE_TAPES
const path = folder === undefined ? "" : join(folder, "binance-um-btcusdt-20240808.jsonl.gz")
const isThere = path !== "" && existsSync(path)
const title = isThere ? "the real tape" : "the real tape (skipped: PERIGEE_TAPES names no folder with it)"

const flat = (rows: readonly Row[]): Float64Array => new Float64Array(rows.flatMap(([price, size]) => [+price, +size]))

function read(line: string): Line | undefined {
  const space = line.indexOf(" ")
  const message = JSON.parse(line.slice(space + 1))
  if (message.lastUpdateId !== undefined) {
    const { lastUpdateId: sequence, bids, asks } = message
    return { kind: "image", image: { bids: flat(bids), asks: flat(asks), sequence } }
  }
  const { e, pu, U, u, b, B, a, A } = message.data
  if (e === "bookTicker")
    return { kind: "top", top: { u, best: { bidPrice: +b, bidSize: +B, askPrice: +a, askSize: +A } } }
  if (e !== "depthUpdate") return undefined
  const receivedAt = Math.floor(Number(line.slice(0, space)) / 1_000)
  return { kind: "diff", lob: diff(pu, U, u, { bids: flat(b), asks: flat(a), receivedAt }) }
}

const tape: Line[] = isThere
  ? gunzipSync(readFileSync(path))
      .toString()
      .trimEnd()
      .split("\n")
      .flatMap((line) => read(line) ?? [])
  : []
const diffs = tape.flatMap((line) => (line.kind === "diff" ? [line.lob] : []))
const first = tape.find((line) => line.kind === "image")?.image

/** Update numbers whose bookTicker came before their diff, as most do. */
function topsBefore(): ReadonlySet<number> {
  const tops = new Set<number>()
  const before = new Set<number>()
  for (const line of tape) {
    if (line.kind === "top") tops.add(line.top.u)
    else if (line.kind === "diff" && tops.has(Number(line.lob.sequence?.last)))
      before.add(Number(line.lob.sequence?.last))
  }
  return before
}

/** A book that was subscribed before the tape's image arrived, and how its state went. */
function play(lines: readonly Line[], afterDiff: (sync: BookSync, lob: Lob) => void = () => {}) {
  const sync = new BookSync({ name: "binance-um BTC_USDT_PERP", rule: futures })
  const states: string[] = []
  sync.connected(1)
  for (const line of lines) {
    const { epoch } = sync
    if (line.kind === "diff") {
      sync.accept(line.lob)
      afterDiff(sync, line.lob)
    } else if (line.kind === "image" && sync.wanted === "image") {
      sync.asked()
      sync.image(line.image, 0)
    }
    if (sync.epoch !== epoch) states.push(sync.state)
  }
  return { sync, states }
}

/** The tape with its diffs changed, counted from the one that bridges (0). */
function changed(change: (lobs: Lob[], bridge: number) => Lob[]): Line[] {
  const bridge = diffs.findIndex(({ sequence }) => Number(sequence?.last) >= Number(first?.sequence))
  const before = tape.slice(0, tape.findIndex((line) => line.kind === "image") + 1)
  const seen = before.filter((line) => line.kind === "diff").length
  const lobs = change([...diffs], bridge).slice(seen)
  return [...before, ...lobs.map((lob): Line => ({ kind: "diff", lob }))]
}

describe.skipIf(!isThere)(title, () => {
  test("gives 6,547 applied diffs without a gap, and every top equal to the venue's own of the same update: 503 known before the diff, 126 told after it", () => {
    const tops = new Map(tape.flatMap((line) => (line.kind === "top" ? [[line.top.u, line.top.best] as const] : [])))
    const known = topsBefore()
    const equal = { afterTheTop: 0, beforeTheTop: 0 }
    const unequal: unknown[] = []
    const { sync, states } = play(tape, ({ state, book }, lob) => {
      const u = Number(lob.sequence?.last)
      const top = tops.get(u)
      const best = book.best()
      if (top === undefined || state !== "live") return
      if (!Bun.deepEquals(top, best)) unequal.push({ u, top, best })
      else if (known.has(u)) equal.afterTheTop++
      else equal.beforeTheTop++
    })
    const { applied, gaps, crossed, unreadable } = sync.counters
    expect({ applied, gaps, crossed, unreadable, states }).toEqual({
      applied: 6_547,
      gaps: 0,
      crossed: 0,
      unreadable: 0,
      states: ["live"],
    })
    expect({ equal, unequal }).toEqual({ equal: { afterTheTop: 503, beforeTheTop: 126 }, unequal: [] })
  })

  test("with one diff dropped is quarantined at the next one and asks for an image", () => {
    const { sync, states } = play(changed((lobs, bridge) => lobs.toSpliced(bridge + 1_000, 1)))
    expect([sync.counters.applied, sync.counters.gaps, states]).toEqual([1_000, 1, ["live", "quarantined"]])
    expect(sync.wanted).toBe("image")
  })

  test("with one diff doubled ignores the second", () => {
    const { sync, states } = play(
      changed((lobs, bridge) => lobs.toSpliced(bridge + 1_000, 0, ...lobs.slice(bridge + 1_000, bridge + 1_001))),
    )
    expect([sync.counters.applied, sync.counters.gaps, states]).toEqual([6_547, 0, ["live"]])
  })

  test("with one diff delayed behind the next is quarantined", () => {
    const { sync, states } = play(
      changed((lobs, bridge) => {
        const at = bridge + 1_000
        const [delayed] = lobs.splice(at, 1)
        return delayed === undefined ? lobs : lobs.toSpliced(at + 1, 0, delayed)
      }),
    )
    expect([sync.counters.applied, states]).toEqual([1_000, ["live", "quarantined"]])
  })

  test("heard only after its image was taken cannot be bridged", () => {
    const sync = new BookSync({ name: "binance-um BTC_USDT_PERP", rule: futures })
    sync.connected(1)
    const at = tape.findIndex((line) => line.kind === "image")
    const next = tape.slice(at).find((line) => line.kind === "diff")?.lob
    if (next === undefined || first === undefined) throw new Error("the tape has no image, or no diff after it")
    sync.accept(next)
    sync.asked()
    expect(sync.image(first, 2)).toBe("lost")
    expect([sync.state, sync.wanted]).toEqual(["syncing", "image"])
  })
})
