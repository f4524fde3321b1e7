/** Money inside the engine: units of 10^-8 of the quote asset. */
const MONEY_PLACES = 8

export interface InstrumentSpec {
  readonly symbol: string
  /** Decimal text of one price step and one size step, such as "0.10" and "0.001". */
  readonly tick: string
  readonly lot: string
  /** The asset that fees, margin and profit are counted in. */
  readonly quote: string
  readonly makerFeePpm: number
  readonly takerFeePpm: number
}

/** Prices are whole ticks and sizes whole lots everywhere inside; this says how they read outside. */
export interface Instrument extends InstrumentSpec {
  /** Money units in one tick times one lot. */
  readonly moneyUnit: bigint
  readonly price: Scale
  readonly size: Scale
}

/** Whole steps against decimal text with a fixed number of places. */
export interface Scale {
  readonly places: number
  /** Units of the last place in one step: 10 for a tick of 0.10. */
  readonly stepUnits: number
  readonly step: string
}

function scaleOf(step: string): Scale {
  const point = step.indexOf(".")
  const places = point < 0 ? 0 : step.length - point - 1
  return { places, stepUnits: Number(step.replace(".", "")), step }
}

export function instrument(spec: InstrumentSpec): Instrument {
  const price = scaleOf(spec.tick)
  const size = scaleOf(spec.lot)
  const scale = MONEY_PLACES - price.places - size.places
  if (scale < 0) throw new RangeError(`${spec.symbol}: tick ${spec.tick} times lot ${spec.lot} is finer than 10^-8`)
  const moneyUnit = BigInt(price.stepUnits) * BigInt(size.stepUnits) * 10n ** BigInt(scale)
  return { ...spec, moneyUnit, price, size }
}

/** Steps as decimal text with the step's own places: 618002 ticks of 0.10 → "61800.20". */
export function toText(steps: number, scale: Scale): string {
  const units = steps * scale.stepUnits
  if (scale.places === 0) return String(units)
  const digits = String(units < 0 ? -units : units).padStart(scale.places + 1, "0")
  const cut = digits.length - scale.places
  return (units < 0 ? "-" : "") + digits.slice(0, cut) + "." + digits.slice(cut)
}

type StepsRead =
  | { readonly kind: "steps"; readonly steps: number }
  /** Not a decimal number; too many places to be one of this scale; between two steps. */
  | { readonly kind: "malformed" | "precise" | "between" }

/** Decimal text as whole steps, exactly. */
export function fromText(text: string, scale: Scale): StepsRead {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text)
  if (match === null) return { kind: "malformed" }
  const fraction = (match[3] ?? "").replace(/0+$/, "")
  if (fraction.length > scale.places) return { kind: "precise" }
  const units = Number(match[2]! + fraction.padEnd(scale.places, "0"))
  if (!Number.isSafeInteger(units)) return { kind: "precise" }
  if (units % scale.stepUnits !== 0) return { kind: "between" }
  return { kind: "steps", steps: (match[1] === "-" ? -1 : 1) * (units / scale.stepUnits) }
}

/** Money units as decimal text with `places` decimals (8 by default), truncated toward zero. */
export function moneyText(money: bigint, places = MONEY_PLACES): string {
  const negative = money < 0n
  const cut = (negative ? -money : money) / 10n ** BigInt(MONEY_PLACES - places)
  if (places === 0) return (negative && cut !== 0n ? "-" : "") + cut.toString()
  const digits = cut.toString().padStart(places + 1, "0")
  const at = digits.length - places
  return (negative && cut !== 0n ? "-" : "") + digits.slice(0, at) + "." + digits.slice(at)
}

/** Decimal text as money units. Throws on text that is not a decimal number of at most 8 places. */
export function moneyOf(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text)
  if (match === null) throw new RangeError(`"${text}" is not an amount of money with at most 8 decimals`)
  const units = BigInt(match[2]! + (match[3] ?? "").padEnd(MONEY_PLACES, "0"))
  return match[1] === "-" ? -units : units
}
