import type { Random } from "../../ports.ts"

/** Not for secrets: jitter and simulated latency only. */
export const bunRandom = (): Random => ({ next: () => Math.random() })
