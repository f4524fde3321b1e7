// A checkpoint worker that dies after each answer.
import { parentPort } from "node:worker_threads"
import type { CheckpointReport } from "../../../src/runtime/storage/checkpoint.ts"

parentPort?.on("message", () => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
  parentPort?.postMessage({ log: 1, checkpointed: 1, did: "nothing" } satisfies CheckpointReport)
  setTimeout(() => {
    throw new Error("planned death")
  }, 1)
})
