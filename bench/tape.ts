import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { front } from "../src/exchanges/binance/front.ts"

export type FrameKind = "depthUpdate" | "trade" | "bookTicker"

/** Frames to measure on, as they come off a socket, and the REST image that the depth frames build on. */
export interface Frames {
  readonly from: string
  readonly isCaptured: boolean
  readonly image: string
  of(kind: FrameKind): readonly Frame[]
}

/** One frame twice: as the bytes that a socket gives, and as the text that `JSON.parse` wants, ready made. */
export interface Frame {
  readonly bytes: Buffer
  readonly text: string
}

const file = join(process.env["PERIGEE_TAPES"] ?? "", "binance-um-btcusdt-20240808.jsonl.gz")
const startedAt = 1_790_000_000_000_000

/** Of the captured tape where PERIGEE_TAPES names its folder, of the simulated exchange otherwise. */
export const frames = (): Frames => (existsSync(file) ? captured() : simulated())

/** A slice of a line, or a rope, would be measured resolving itself: so the text is made of the bytes again. */
export function frameOf(slice: string): Frame {
  const bytes = Buffer.from(slice)
  return { bytes, text: bytes.toString("latin1") }
}

const sorted = (from: string, isCaptured: boolean, image: string, all: readonly string[]): Frames => ({
  from,
  isCaptured,
  image,
  of: (kind) => all.filter((text) => text.includes(`"e":"${kind}"`)).map(frameOf),
})

function captured(): Frames {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n")
  const texts = lines.map((line) => line.slice(line.indexOf(" ") + 1))
  const image = texts.find((text) => text.startsWith('{"lastUpdateId"')) ?? ""
  return sorted("a captured tape", true, image, texts)
}

/** Ten seconds of a busy simulated market, on its own time. */
function simulated(): Frames {
  const venue = front({ seed: 1, startedAt, accounts: [], flow: 5_000 })
  const streams = "btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade"
  venue.open(1, `/public/stream?streams=${streams}`, {}, startedAt)
  const path = { method: "GET", path: "/fapi/v1/depth", query: "symbol=BTCUSDT&limit=1000", headers: {}, body: "" }
  const image = venue.request(path, startedAt).body
  const texts: string[] = []
  for (let at = startedAt; at < startedAt + 10_000_000; at += 10_000) {
    venue.advance(at)
    for (const output of venue.drain()) if (output.kind === "text") texts.push(output.text)
  }
  return sorted("the simulated exchange; PERIGEE_TAPES names no captured tape", false, image, texts)
}
