import { UsageError } from "../../domain/errors.ts"
import type { Outside, Timer } from "../../ports.ts"

type Callback = (...args: unknown[]) => unknown

/**
 * Runs `work`, which must be synchronous, with JavaScript's own clock, timers and chance standing for those of
 * `outside`, and its network refused: so that a strategy that reaches for `Date.now()` or `setTimeout` in a simulation
 * gets virtual time, and one that reaches for `fetch` is told.
 */
export function withGlobals<T>(outside: () => Outside, work: () => T): T {
  const former = new Map<object, PropertyDescriptorMap>()
  replace(former, globalThis, { ...clockGlobals(outside), ...NETWORK })
  replace(former, Math, { random: () => outside().random.next() })
  replace(former, performance, { now: () => outside().clock.monotonic() / 1_000 })
  try {
    return work()
  } finally {
    for (const [of, descriptors] of former) Object.defineProperties(of, descriptors)
  }
}

function replace(
  former: Map<object, PropertyDescriptorMap>,
  of: object,
  values: Readonly<Record<string, unknown>>,
): void {
  const before: PropertyDescriptorMap = {}
  for (const [name, value] of Object.entries(values)) {
    const own = Object.getOwnPropertyDescriptor(of, name)
    // What it inherits (performance.now) is its own again under the same name: the same to whoever calls it.
    before[name] = own ?? { value: (of as Record<string, unknown>)[name], writable: true, configurable: true }
    Object.defineProperty(of, name, { value, writable: true, configurable: true, enumerable: own?.enumerable ?? false })
  }
  former.set(of, before)
}

function clockGlobals(outside: () => Outside): Readonly<Record<string, unknown>> {
  const nowMs = (): number => Math.floor(outside().clock.now() / 1_000)
  const once = (run: Callback, delayMs = 0, ...args: unknown[]): Timer =>
    outside().clock.timer(Number(delayMs), () => void run(...args))
  const again = (run: Callback, everyMs = 0, ...args: unknown[]): Timer => {
    const { clock } = outside()
    let timer: Timer
    const arm = (): void => {
      timer = clock.timer(Math.max(1, Number(everyMs)), () => {
        arm()
        void run(...args)
      })
    }
    arm()
    return { cancel: () => timer.cancel() }
  }
  const clear = (timer: unknown): void => (timer as Timer | undefined)?.cancel?.()
  return {
    Date: new Proxy(Date, {
      construct: (target, args, newTarget) =>
        Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget),
      apply: (target) => new target(nowMs()).toString(),
      get: (target, name, receiver) => (name === "now" ? nowMs : (Reflect.get(target, name, receiver) as unknown)),
    }),
    setTimeout: once,
    setInterval: again,
    setImmediate: (run: Callback, ...args: unknown[]) => once(run, 0, ...args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  }
}

/** A function rather than an arrow: some are called with `new`. */
const refused = (name: string) =>
  function refuse(): never {
    throw new UsageError(`${name} reaches a network that a simulation does not have`)
  }

const NETWORK = { fetch: refused("fetch"), WebSocket: refused("WebSocket") }
