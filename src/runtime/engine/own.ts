import type { Counter, Gauge, Labels } from "../domain/metrics.ts"
import { isPlain } from "../domain/given.ts"
import type { Log, LogFields } from "../ports.ts"
import { checkMetric } from "./arguments.ts"
import type { StrategyMetrics } from "./declaration/context.ts"
import type { Meters } from "./meters.ts"

/** Fields that every line has: a strategy's own of these names would hide them. */
const TAKEN = ["level", "time", "event"]
/** The name of a line that was given none. */
const UNNAMED = "unnamed"

/**
 * A log whose lines name the strategy. What was given in the wrong place is written all the same, as `value`: often it is
 * the error that somebody caught.
 */
export function ownLog(log: Log, strategy: string): Log {
  const own =
    (level: "debug" | "info" | "warn" | "error") =>
    (event: string, fields?: LogFields): void => {
      const [name, given] = typeof event === "string" ? [event, fields] : turned(event, fields)
      log[level](name, { ...fieldsOf(given), strategy })
    }
  return { debug: own("debug"), info: own("info"), warn: own("warn"), error: own("error") }
}

/** The fields first, as other loggers have them; or no name at all. */
const turned = (given: unknown, name: unknown): readonly [string, unknown] => [
  typeof name === "string" ? name : UNNAMED,
  given,
]

function fieldsOf(given: unknown): LogFields {
  if (given === undefined || given === null) return {}
  if (!isPlain(given)) return { value: given }
  if (!TAKEN.some((name) => Object.hasOwn(given, name))) return given
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [TAKEN.includes(name) ? `${name}_` : name, value]),
  )
}

/** Counters and gauges under a name and a label of the strategy's own. */
export function ownMetrics(meters: Pick<Meters, "counter" | "gauge">, strategy: string): StrategyMetrics {
  const named = (name: string, help: string, labels: Labels): string => {
    checkMetric(name, help, labels)
    return `perigee_strategy_${name}`
  }
  return {
    counter: (name: string, help: string, labels: Labels = {}): Counter =>
      meters.counter(named(name, help, labels), help, { ...labels, strategy }),
    gauge: (name: string, help: string, labels: Labels = {}): Gauge =>
      meters.gauge(named(name, help, labels), help, { ...labels, strategy }),
  }
}
