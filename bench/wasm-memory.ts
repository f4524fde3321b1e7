// `bun bench/wasm-memory.ts`: what the ONNX runtime takes of memory, arrangement by arrangement, and what each costs in time. Each row is a
// process of its own with the sample model: resident memory after 5,000 requests, five quiet seconds and 5,000 more; the peak; the p50. The
// median of three.
import { finishedJson } from "./program.ts"
import { median } from "./measure.ts"

interface Taken {
  readonly now: number
  readonly peak: number
  readonly p50Us: number
}

const ROWS: readonly (readonly [label: string, arrangement: string, env?: Record<string, string>])[] = [
  ["no model", "none"],
  ["an idle worker", "idle worker"],
  ["the whole runtime, on the loop", "whole"],
  ["  with arena and memory pattern", "whole, arena"],
  ["trimmed", "trimmed"],
  ["trimmed, start's code let go (as shipped)", "settled"],
  ["the whole runtime, in the worker", "whole in the worker"],
  ["trimmed, start's code let go, in the worker (as shipped)", "settled in the worker"],
  ["  with BUN_JSC_useOMGJIT=0", "settled in the worker", { BUN_JSC_useOMGJIT: "0" }],
  ["  with BUN_JSC_useBBQJIT=0", "settled in the worker", { BUN_JSC_useBBQJIT: "0" }],
  ["  with BUN_JSC_useJIT=0", "settled in the worker", { BUN_JSC_useJIT: "0" }],
  ["  with BUN_JSC_useWasmFastMemory=0", "settled in the worker", { BUN_JSC_useWasmFastMemory: "0" }],
  [
    "  with BUN_JSC_numberOfWasmCompilerThreads=1",
    "settled in the worker",
    { BUN_JSC_numberOfWasmCompilerThreads: "1" },
  ],
  ["  with MIMALLOC_PURGE_DELAY=0", "settled in the worker", { MIMALLOC_PURGE_DELAY: "0" }],
]

const rounds = 3
const file = `${import.meta.dir}/peer/wasm.ts`

for (const [label, arrangement, env = {}] of ROWS) {
  const taken: Taken[] = []
  for (let round = 0; round < rounds; round++) {
    const child = Bun.spawn([process.execPath, file, arrangement], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "ignore"],
    })
    taken.push(await finishedJson<Taken>(child))
  }
  const of = (key: keyof Taken, digits: number) =>
    median(taken.map((each) => each[key]))
      .toFixed(digits)
      .padStart(6)
  console.log(`${label.padEnd(58)}${of("now", 0)} MB, peak${of("peak", 0)} MB, p50${of("p50Us", 1)} µs`)
}
