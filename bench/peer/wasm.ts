// A process with the sample model in one arrangement, named by its argument. Says what it takes once it is quiet.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { onnxRunner } from "../../src/models/onnx/index.ts"
import { openRuntime, type RuntimeKind, settle } from "../../src/models/onnx/ort.ts"
import { openSession } from "../../src/models/onnx/session.ts"
import { systemClock } from "../../src/runtime/platform/shared/clock.ts"
import { memoryOf } from "../../src/runtime/domain/numbers.ts"
import { features, latency } from "../ask.ts"

const source = fileURLToPath(new URL("../../src/strategies/models/momentum.onnx", import.meta.url))
const runs = 5_000

async function session(kind: RuntimeKind, isSettled: boolean, isArena = false): Promise<() => unknown> {
  const ort = await openRuntime(kind)
  const options = ort._OrtCreateSessionOptions
  if (isArena) {
    ort._OrtCreateSessionOptions = (level, _arena, _pattern, ...rest) => options(level, true, true, ...rest)
  }
  const { run } = openSession(ort, readFileSync(source))
  if (isSettled) await settle(ort)
  return () => run([{ data: memoryOf(features.data), shape: features.shape }], 0)
}

async function worker(runtime: RuntimeKind): Promise<() => unknown> {
  const runner = onnxRunner({ clock: systemClock(), source, runtime })
  await runner.load()
  return () => runner.predict(features, 1_000)
}

const ARRANGEMENTS: Readonly<Record<string, () => Promise<() => unknown>>> = {
  none: async () => () => undefined,
  "idle worker": async () => {
    // Kept, so that it stays.
    const idle = new Worker(new URL("./echo.ts", import.meta.url))
    return () => idle
  },
  whole: () => session("full", false),
  trimmed: () => session("trimmed", false),
  "whole, arena": () => session("full", false, true),
  settled: () => session("trimmed", true),
  "whole in the worker": () => worker("full"),
  "settled in the worker": () => worker("trimmed"),
}

function memoryMb(): { readonly now: number; readonly peak: number } {
  const status = readFileSync("/proc/self/status", "utf8")
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1_024
  return { now: field("VmRSS"), peak: field("VmHWM") }
}

const ask = await ARRANGEMENTS[process.argv[2] ?? "none"]!()
await latency(runs, ask)
await Bun.sleep(3_000)
Bun.gc(true)
await Bun.sleep(2_000)
const [p50Us] = await latency(runs, ask)
console.log(JSON.stringify({ ...memoryMb(), p50Us }))
process.exit(0)
