import type { Outside } from "../../ports.ts"

type Now = () => Outside

const nowMs = (outside: Now): number => Math.floor(outside().clock.now() / 1_000)

export function virtualDate(outside: Now): DateConstructor {
  const now = (): number => nowMs(outside)
  return new Proxy(Date, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, name, receiver) => (name === "now" ? now : (Reflect.get(target, name, receiver) as unknown)),
  })
}

/** `process.hrtime` and `process.hrtime.bigint`. */
export function virtualHrtime(outside: Now): unknown {
  const bigint = (): bigint => BigInt(outside().clock.monotonic()) * 1_000n
  const hrtime = (since: readonly [seconds: number, nanos: number] = [0, 0]): [number, number] => {
    const nanos = bigint() - BigInt(since[0]) * 1_000_000_000n - BigInt(since[1])
    const seconds = nanos / 1_000_000_000n
    return [Number(seconds), Number(nanos - seconds * 1_000_000_000n)]
  }
  return Object.assign(hrtime, { bigint })
}

type Format = Intl.DateTimeFormat
type Moment = Date | number | undefined

/** `format` and `formatToParts` of a date format: without a date they mean now. */
export function virtualFormat(
  outside: Now,
  accessor: (get: (this: Format) => unknown) => unknown,
): Readonly<Record<string, unknown>> {
  const { prototype } = Intl.DateTimeFormat
  // oxlint-disable-next-line typescript/unbound-method -- called with a format
  const { formatToParts } = prototype
  const getter = Object.getOwnPropertyDescriptor(prototype, "format")?.get as (this: Format) => Format["format"]
  return {
    format: accessor(function (this: Format) {
      const format = getter.call(this)
      return (moment: Moment) => format(moment ?? nowMs(outside))
    }),
    formatToParts(this: Format, moment: Moment) {
      return formatToParts.call(this, moment ?? nowMs(outside))
    },
  }
}

interface Zoned {
  toPlainDateTime(): unknown
  toPlainDate(): unknown
  toPlainTime(): unknown
}

interface Temporal {
  readonly Instant: { fromEpochNanoseconds(nanos: bigint): { toZonedDateTimeISO(zone: unknown): Zoned } }
  readonly Now: { timeZoneId(): string }
}

/** `Temporal.Now`, where there is one. */
export function virtualTemporal(outside: Now): Readonly<Record<string, unknown>> {
  const { Temporal: temporal } = globalThis as unknown as { Temporal: Temporal }
  const instant = () => temporal.Instant.fromEpochNanoseconds(BigInt(outside().clock.now()) * 1_000n)
  const zoned = (zone: unknown): Zoned => instant().toZonedDateTimeISO(zone ?? temporal.Now.timeZoneId())
  return {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone: unknown) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone: unknown) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone: unknown) => zoned(zone).toPlainTime(),
  }
}
