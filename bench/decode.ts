// ns to decode a frame of each hot kind against `JSON.parse` alone of the same frames.
import { binanceUm } from "../src/exchanges/binance/index.ts"
import { type Bench, medians, ratioRow, type Row } from "./measure.ts"
import { type FrameKind, frames } from "./tape.ts"

const framesMax = 2_000
const KINDS: readonly FrameKind[] = ["depthUpdate", "bookTicker", "trade"]

export const bench: Bench = {
  name: "decode",
  async run({ isQuick }) {
    const { of } = frames()
    const rows: Row[] = []
    for (const kind of KINDS) rows.push(await measure(kind, of(kind).slice(0, framesMax), isQuick ? 5 : 25))
    return rows
  },
}

async function measure(kind: FrameKind, texts: readonly string[], rounds: number): Promise<Row> {
  const { decode } = binanceUm()
  const timed = (read: (text: string, at: number) => unknown) => (): number => {
    const startedAt = performance.now()
    for (let at = 0; at < texts.length; at++) read(texts[at]!, at)
    return ((performance.now() - startedAt) * 1e6) / texts.length
  }
  const [value = 0, base = 0] = await medians(rounds, 10, [timed(decode), timed((text) => JSON.parse(text) as unknown)])
  return ratioRow(`decode ${kind}, per frame`, "ns", value, base, "JSON.parse alone")
}
