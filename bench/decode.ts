// ns to decode a frame of binance-um against `JSON.parse` alone of the same frames: `bun bench/decode.ts`.
// On the captured tape where PERIGEE_TAPES names its folder, on frames made after it otherwise.
import { existsSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { binanceUm } from "../src/exchanges/binance/index.ts"
import { seededRandom } from "../src/runtime/simulation/random.ts"

const tape = `${process.env.PERIGEE_TAPES ?? ""}/binance-um-btcusdt-20240808.jsonl.gz`
const framesMax = 2_000
const levelsInDiff = 68
const rounds = 40

export interface DecodeResult {
  readonly kind: "depthUpdate" | "trade" | "bookTicker"
  /** What a ns is counted by: a level of a diff, a frame otherwise. */
  readonly per: "level" | "frame"
  readonly parseNs: number
  readonly decodeNs: number
  readonly ratio: number
}

/** As they come off a socket: flat one-byte strings. A slice of a line would be measured resolving itself. */
const flat = (text: string): string => Buffer.from(text).toString("latin1")

function taped(kind: string): string[] {
  const lines = gunzipSync(readFileSync(tape)).toString().split("\n")
  const frames = lines.filter((line) => line.includes(`"e":"${kind}"`)).slice(0, framesMax)
  return frames.map((line) => flat(line.slice(line.indexOf(" ") + 1)))
}

function made(kind: DecodeResult["kind"]): string[] {
  const random = seededRandom(`decode ${kind}`)
  const price = (): string => `"${(61_000 + Math.floor(random.next() * 9_000) / 10).toFixed(2)}"`
  const size = (): string => `"${(Math.floor(random.next() * 4_000) / 1_000).toFixed(3)}"`
  const levels = (): string => Array.from({ length: levelsInDiff / 2 }, () => `[${price()},${size()}]`).join(",")
  const fields = (at: number): Record<DecodeResult["kind"], string> => ({
    depthUpdate: `"E":1723161256299,"T":1723161256298,"s":"BTCUSDT","U":${5123107832006 + at},"u":${5123107837557 + at},"pu":5123107831937,"b":[${levels()}],"a":[${levels()}]`,
    trade: `"E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":${5266583935 + at},"p":${price()},"q":"0.006","X":"MARKET","m":false`,
    bookTicker: `"u":${5123107839020 + at},"s":"BTCUSDT","b":${price()},"B":"2.507","a":${price()},"A":"2.510","T":1723161256313,"E":1723161256313`,
  })
  const streams = { depthUpdate: "depth@0ms", trade: "trade", bookTicker: "bookTicker" }
  return Array.from({ length: framesMax / 4 }, (_, at) =>
    flat(`{"stream":"btcusdt@${streams[kind]}","data":{"e":"${kind}",${fields(at)[kind]}}}`),
  )
}

const countLevels = (frames: readonly string[]): number =>
  frames.reduce((sum, frame) => {
    const { data } = JSON.parse(frame) as { data: { b: unknown[]; a: unknown[] } }
    return sum + data.b.length + data.a.length
  }, 0)

/** The best of many rounds, the two taking turns: other work on the machine then disturbs both alike. */
function measure(kind: DecodeResult["kind"]): DecodeResult {
  const frames = existsSync(tape) ? taped(kind) : made(kind)
  const units = kind === "depthUpdate" ? countLevels(frames) : frames.length
  const { decode } = binanceUm()
  let parseMs = Number.POSITIVE_INFINITY
  let decodeMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    let start = performance.now()
    for (const frame of frames) JSON.parse(frame)
    parseMs = Math.min(parseMs, performance.now() - start)
    start = performance.now()
    for (const frame of frames) decode(frame, round)
    decodeMs = Math.min(decodeMs, performance.now() - start)
  }
  const per = kind === "depthUpdate" ? "level" : "frame"
  return { kind, per, parseNs: (parseMs * 1e6) / units, decodeNs: (decodeMs * 1e6) / units, ratio: decodeMs / parseMs }
}

export const decodeFrames = (): DecodeResult[] => (["depthUpdate", "trade", "bookTicker"] as const).map(measure)

if (import.meta.main) {
  console.log(
    existsSync(tape) ? "frames of the captured tape" : "frames made up; set PERIGEE_TAPES for the captured tape",
  )
  for (const { kind, per, parseNs, decodeNs, ratio } of decodeFrames()) {
    const shown = `${decodeNs.toFixed(1)} ns a ${per}, JSON.parse alone ${parseNs.toFixed(1)} ns`
    console.log(`decode ${kind}: ${shown}, ratio ${ratio.toFixed(2)}`)
  }
}
