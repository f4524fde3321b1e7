// A checkpoint worker that dies the first time it is started and works from then on.
import { existsSync, writeFileSync } from "node:fs"
import { workerData } from "node:worker_threads"

const mark = `${(workerData as { file: string }).file}.died`
if (!existsSync(mark)) {
  writeFileSync(mark, "")
  throw new Error("planned death")
}
await import("../../../src/runtime/storage/checkpoint.ts")
