import type { Outside } from "../../ports.ts"
import type { LogOptions, PinoLog } from "./log.ts"
import type { Watchdog, WatchdogOptions } from "./watchdog.ts"

export interface OutsideOptions {
  readonly log?: Omit<LogOptions, "clock">
  /** Local address to connect from, where the machine has several. */
  readonly localAddress?: string
}

/**
 * The real world on one runtime. `#platform` is the one of the runtime that loads it: package.json's `imports` choose by
 * the runtime's own condition, so that no program holds another runtime's part.
 */
export interface Platform {
  readonly name: "bun" | "deno"
  outside(options?: OutsideOptions): Outside & { readonly log: PinoLog }
  /** Files loaded at run time may import this module by name, wherever they lie. */
  offerLibrary(name: string, exports: Readonly<Record<string, unknown>>): void
  startWatchdog(options?: WatchdogOptions): Watchdog
  /** Called with an error that nobody caught; the process ends with status 1 after it returns, or throws. Returns how to leave. */
  onCrash(told: (error: unknown) => void): () => void
  /** Runs every microtask that is queued, and those they queue, before it returns: the end of a step of the virtual clock. */
  drainMicrotasks(): void
  /** Runs `work`, which may then drain microtasks, as a task of the event loop's own. */
  inOwnTask<T>(work: () => T): Promise<T>
}
