// Asking models, as the benches do.
import type { AltTensor } from "../src/runtime/domain/tensor.ts"
import { FEATURES } from "../src/strategies/features.ts"
import { quantile } from "./measure.ts"

/** What the sample bot asks with. */
export const features: AltTensor = {
  timestamp: 1_700_000_000_000_000,
  data: Float32Array.from(FEATURES, (_, at) => at / 10),
  shape: [1, FEATURES.length],
  metadata: {},
}

/** p50 and p99 of so many calls, one after the other, µs. */
export async function latency(count: number, ask: () => unknown): Promise<readonly [number, number]> {
  const tookUs = new Float64Array(count)
  for (let at = 0; at < count; at++) {
    const startedAt = performance.now()
    const answer = ask()
    if (answer instanceof Promise) await answer
    tookUs[at] = (performance.now() - startedAt) * 1_000
  }
  return [quantile(tookUs, 0.5), quantile(tookUs, 0.99)]
}

/** Answers a second with so many requests on their way at a time. */
export async function perSecond(count: number, inFlight: number, ask: () => Promise<unknown>): Promise<number> {
  let left = count
  const startedAt = performance.now()
  const chain = async () => {
    while (left-- > 0) await ask()
  }
  await Promise.all(Array.from({ length: inFlight }, chain))
  return (count / (performance.now() - startedAt)) * 1_000
}
