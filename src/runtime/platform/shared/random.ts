import type { Random } from "../../ports.ts"

/** Not for secrets: jitter and simulated latency only. */
export const mathRandom = (): Random => ({ next: () => Math.random() })
