import { drainMicrotasks as drain } from "bun:jsc"

/** Runs every microtask that is queued, and those they queue, before it returns: the end of a step of the virtual clock. */
export const drainMicrotasks = (): void => drain()
