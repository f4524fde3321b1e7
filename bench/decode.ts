// ns to decode a frame of each kind, from its bytes, against `JSON.parse` alone of the same frames' texts. The first three kinds are off a tape; of the
// others there are the venue's own examples, again and again.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { binanceUm } from "../src/exchanges/binance/index.ts"
import { type Bench, medians, ratioRow, type Row } from "./measure.ts"
import { root } from "./program.ts"
import { type Frame, type FrameKind, frameOf, frames } from "./tape.ts"

const framesMax = 2_000
/** The engine compiles in steps, the last after some hundred thousand calls of a short function; long frames come to loops sooner. */
const warmUps = (text: string): number => (text.length > 1_000 ? 10 : 150)
const KINDS: readonly FrameKind[] = ["depthUpdate", "bookTicker", "trade"]
const EXAMPLES = ["aggTrade", "kline", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]

export const bench: Bench = {
  name: "decode",
  async run({ isQuick }) {
    const { of } = frames()
    const rounds = isQuick ? 5 : 25
    const rows: Row[] = []
    for (const kind of KINDS) rows.push(await measure(kind, of(kind).slice(0, framesMax), rounds))
    for (const kind of EXAMPLES) rows.push(await measure(kind, examples(kind), rounds))
    return rows
  },
}

interface Fixtures {
  readonly frames: readonly { readonly name: string; readonly frame: string }[]
}

/** Without those whose ids no venue has reached yet. */
function examples(kind: string): readonly Frame[] {
  const { frames: all } = JSON.parse(
    readFileSync(join(root, "test/fixtures/binance/um-frames.json"), "utf8"),
  ) as Fixtures
  const known = all.filter(({ name, frame }) => frame.includes(`"e":"${kind}"`) && !name.startsWith("19-digit"))
  return Array.from({ length: framesMax }, (_, at) =>
    frameOf(known[Math.floor((at * known.length) / framesMax)]!.frame),
  )
}

async function measure(kind: string, all: readonly Frame[], rounds: number): Promise<Row> {
  const { decode } = binanceUm()
  const timed = (read: (frame: Frame, at: number) => unknown) => (): number => {
    const startedAt = performance.now()
    for (let at = 0; at < all.length; at++) read(all[at]!, at)
    return ((performance.now() - startedAt) * 1e6) / all.length
  }
  const [value = 0, base = 0] = await medians(rounds, warmUps(all[0]!.text), [
    timed(({ bytes }, at) => decode(bytes, at)),
    timed(({ text }) => JSON.parse(text) as unknown),
  ])
  return ratioRow(`decode ${kind}, per frame`, "ns", value, base, "JSON.parse alone")
}
