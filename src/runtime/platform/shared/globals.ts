import nodeCrypto from "node:crypto"
import process from "node:process"
import { UsageError } from "../../domain/errors.ts"
import type { Outside } from "../../ports.ts"
import { virtualCrypto, virtualNodeCrypto } from "./virtual-chance.ts"
import { virtualDate, virtualFormat, virtualHrtime, virtualTemporal } from "./virtual-time.ts"
import { virtualTimers } from "./virtual-timers.ts"

/** What stands for the properties of one object: a value, or an accessor. */
type Stand = Readonly<Record<string, unknown>>

class Accessor {
  readonly get: () => unknown
  constructor(get: () => unknown) {
    this.get = get
  }
}

/**
 * Runs `work`, which must be synchronous, with JavaScript's own clock, timers and chance standing for those of
 * `outside`, and its network refused: so that a strategy that reaches for `Date.now()` or `setTimeout` in a simulation
 * gets virtual time, and one that reaches for `fetch` is told. What a module took by name when it was loaded
 * (`import { randomUUID } from "node:crypto"`, `const { now } = Date`) stays what it was: imports of that kind are found
 * before a bot file is loaded (`reality.ts`).
 */
export function withGlobals<T>(outside: () => Outside, work: () => T): T {
  const former: (() => void)[] = []
  try {
    for (const [of, values] of stands(outside)) replace(former, of, values)
    return work()
  } finally {
    for (const restore of former.toReversed()) restore()
  }
}

function stands(outside: () => Outside): readonly (readonly [of: object | undefined, values: Stand])[] {
  const monotonicMs = (): number => outside().clock.monotonic() / 1_000
  const { Bun: bun, Temporal: temporal } = globalThis as { Bun?: object; Temporal?: { Now?: object } }
  const timers = virtualTimers(() => outside().clock)
  const date = virtualDate(outside)
  const { sleep, timeoutSignal, ...globals } = timers
  const untimed = (name: string): unknown =>
    refused(name, "does not know a simulation's time; use ctx.now() or ctx.after()")
  return [
    [globalThis, { ...globals, Date: date, ...NETWORK }],
    [Date.prototype, { constructor: date }],
    [Math, { random: () => outside().random.next() }],
    [
      performance,
      {
        now: monotonicMs,
        timeOrigin: new Accessor(() => (outside().clock.now() - outside().clock.monotonic()) / 1_000),
        mark: untimed("performance.mark"),
        measure: untimed("performance.measure"),
      },
    ],
    [process, { hrtime: virtualHrtime(outside), uptime: () => monotonicMs() / 1_000 }],
    [crypto, virtualCrypto(() => outside().random)],
    [nodeCrypto, virtualNodeCrypto(() => outside().random)],
    [Intl.DateTimeFormat.prototype, virtualFormat(outside, (get) => new Accessor(get))],
    [temporal?.Now, virtualTemporal(outside)],
    [Atomics, { wait: untimed("Atomics.wait") }],
    [AbortSignal, { timeout: timeoutSignal }],
    [
      bun,
      {
        nanoseconds: () => outside().clock.monotonic() * 1_000,
        sleep,
        sleepSync: untimed("Bun.sleepSync"),
        randomUUIDv7: refused("Bun.randomUUIDv7", "is not the same twice; use crypto.randomUUID()"),
      },
    ],
  ]
}

function replace(former: (() => void)[], of: object | undefined, values: Stand): void {
  if (of === undefined) return
  for (const [name, value] of Object.entries(values)) {
    // What this runtime has not got, it does not get in a simulation either.
    if (!(name in of)) continue
    const own = Object.getOwnPropertyDescriptor(of, name)
    former.push(() => {
      if (own === undefined) Reflect.deleteProperty(of, name)
      else Object.defineProperty(of, name, own)
    })
    const enumerable = own?.enumerable ?? false
    const configurable = own?.configurable ?? true
    Object.defineProperty(
      of,
      name,
      value instanceof Accessor
        ? { get: value.get, configurable, enumerable }
        : { value, writable: true, configurable, enumerable },
    )
  }
}

/** A function rather than an arrow: some are called with `new`. */
const refused = (name: string, why: string) =>
  function refuse(): never {
    throw new UsageError(`${name} ${why}`)
  }

const unreachable = (name: string): unknown => refused(name, "reaches a network that a simulation does not have")

const NETWORK: Stand = {
  fetch: unreachable("fetch"),
  WebSocket: unreachable("WebSocket"),
  EventSource: unreachable("EventSource"),
  XMLHttpRequest: unreachable("XMLHttpRequest"),
}
