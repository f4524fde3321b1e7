// Makes src/strategies/models/momentum.onnx: a classifier of the next two seconds (down, flat, up), trained on the simulated exchange's own
// order flow; and python/examples/momentum.json: the same weights, for the service that computes it with numpy. Seeded throughout: run
// again, it writes the same bytes. `--check` compares instead of writing.
import { Matching } from "../src/exchanges/matching/engine.ts"
import { Flow } from "../src/exchanges/matching/flow.ts"
import { instrument } from "../src/exchanges/matching/instrument.ts"
import { seeded } from "../src/exchanges/matching/random.ts"
import { FEATURES, FeatureWindow } from "../src/strategies/features.ts"
import { classify, rowOf, type Samples, train } from "./network.ts"
import { classifierFile } from "./onnx-file.ts"

const modelFile = new URL("../src/strategies/models/momentum.onnx", import.meta.url)
const weightsFile = new URL("../python/examples/momentum.json", import.meta.url)
const startAt = 1_700_000_000_000_000
const everyUs = 250_000
/** Two seconds ahead. */
const horizon = 8
const minutes = 10
const trainingSeeds = 40
const testSeeds = 4
/** Down or up is a move of this many standard deviations of a bucket's return; less is flat. */
const threshold = 1.5

const BTC = instrument({ symbol: "BTC", tick: "0.10", lot: "0.001", quote: "USDT", makerFeePpm: 0, takerFeePpm: 0 })
const flowOptions = {
  symbol: "BTC",
  ticks: 618_000,
  lots: 40,
  spreadTicks: 80,
  eventsPerSecond: 150,
  volatility: 0.00003,
}

interface Moment {
  readonly values: Float32Array
  readonly logMiddle: number
  readonly deviation: number
}

/** What a bot that looks four times a second would see of one seeded market. */
function watch(seed: number): Moment[] {
  const moments: Moment[] = []
  const window = new FeatureWindow()
  const engine = new Matching({
    instruments: [BTC],
    listener: { trade: (trade) => window.trade(trade.at, trade.lots, trade.side === 1 ? "BUY" : "SELL") },
  })
  const flow = new Flow(flowOptions, engine, seeded(seed), startAt)
  const book = engine.books.get("BTC")!
  const levels = (side: 1 | -1): number[] => {
    const half = book.half(side)
    return half.prices
      .slice(-5)
      .reverse()
      .flatMap((ticks) => [ticks, half.levels.get(ticks)!.lots])
  }
  for (let now = startAt; now < startAt + minutes * 60e6; now += everyUs) {
    while (flow.step(now)) window.book(now, levels(1), levels(-1))
    window.book(now, levels(1), levels(-1))
    if (window.isReady)
      moments.push({ values: window.values(), logMiddle: Math.log(book.middleTwice! / 2), deviation: window.deviation })
  }
  return moments
}

function samplesOf(seeds: readonly number[]): Samples {
  const rows: Float32Array[] = []
  const labels: number[] = []
  for (const seed of seeds) {
    const moments = watch(seed)
    for (let index = 0; index + horizon < moments.length; index++) {
      const { values, logMiddle, deviation } = moments[index]!
      const move = (moments[index + horizon]!.logMiddle - logMiddle) / deviation
      rows.push(values)
      labels.push(move < -threshold ? 0 : move > threshold ? 2 : 1)
    }
  }
  const features = new Float32Array(rows.length * FEATURES.length)
  for (const [index, row] of rows.entries()) features.set(row, index * FEATURES.length)
  return { width: FEATURES.length, features, labels: Uint8Array.from(labels) }
}

function report(name: string, samples: Samples, network: ReturnType<typeof train>): void {
  const counts = Array.from({ length: 3 }, () => [0, 0, 0])
  const sure = { right: 0, wrong: 0, flat: 0 }
  for (const [index, label] of samples.labels.entries()) {
    const answer = classify(network, rowOf(samples, index))
    const best = answer.indexOf(Math.max(...answer))
    counts[label]![best]!++
    const side = answer[2]! > 0.6 ? 2 : answer[0]! > 0.6 ? 0 : undefined
    if (side !== undefined) sure[label === side ? "right" : label === 1 ? "flat" : "wrong"]++
  }
  console.log(`${name}: ${samples.labels.length} moments; rows are truth, columns answers (down, flat, up)`)
  console.table(counts)
  console.log(`sure of a side (above 0.6):`, sure)
}

/** Layers in order, weights as [inputs][outputs]; each number in the fewest digits that are the same float32. */
function weightsText(layers: ReturnType<typeof train>): string {
  const row = (values: Float32Array) => `[${[...values].map(short).join(", ")}]`
  const rows = layers.map(({ inputs, outputs, weights, bias }) => {
    const lines = Array.from({ length: inputs }, (_, at) => row(weights.subarray(at * outputs, (at + 1) * outputs)))
    return `  {\n    "weights": [\n      ${lines.join(",\n      ")}\n    ],\n    "bias": ${row(bias)}\n  }`
  })
  return `[\n${rows.join(",\n")}\n]\n`
}

function short(value: number): string {
  for (let digits = 1; ; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
}

const seeds = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index)
const training = samplesOf(seeds(1_000, trainingSeeds))
const random = seeded(7)
const network = train(training, {
  widths: [FEATURES.length, 32, 16, 3],
  epochs: 12,
  batch: 64,
  rate: 0.001,
  decay: 1e-4,
  random: () => random.next(),
})
report("seeds it was not trained on", samplesOf(seeds(1, testSeeds)), network)
const file = classifierFile(
  network,
  "16 features of trades and book to the chance of down, flat, up within two seconds",
)
const written = [
  ["momentum.onnx", modelFile, file],
  ["momentum.json", weightsFile, new TextEncoder().encode(weightsText(network))],
] as const
for (const [name, path, bytes] of written) {
  if (!process.argv.includes("--check")) {
    await Bun.write(path, bytes)
    console.log(`${name}: ${bytes.length} bytes`)
    continue
  }
  const isSame = Buffer.compare(bytes, await Bun.file(path).bytes()) === 0
  console.log(isSame ? `${name} is what this script makes` : `${name} differs from what this script makes`)
  if (!isSame) process.exitCode = 1
}
