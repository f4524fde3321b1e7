import { BuildError } from "../runtime/domain/errors.ts"
import { instMistake } from "../runtime/domain/inst.ts"
import type { RiskLimits } from "../runtime/domain/limits.ts"
import type { Plan } from "../runtime/engine/build.ts"
import type { Log } from "../runtime/ports.ts"
import { type Listing, unlisted } from "./listing.ts"

/** Live orders want a bound on what they may do. Throws BuildError where there is none; says so where none is on their size. */
export function checkLive({ name, tasks, options }: Plan, log: Log): void {
  const { limits = {} } = options
  if (!tasks.some(({ kind }) => kind === "orders")) return
  if (!hasLimit(limits)) {
    throw new BuildError(name, [
      'it would send live orders without a risk limit; declare limits, e.g. limits: { orderNotionalMax: "1000" }',
    ])
  }
  const { orderSizeMax, orderNotionalMax, positionNotionalMax } = limits
  if (orderSizeMax !== undefined || orderNotionalMax !== undefined || positionNotionalMax !== undefined) return
  log.warn("limits.unsized", { bot: name, why: "limits bound the number of orders, and not the size of any" })
}

/** A table that names nothing limits nothing. */
const hasLimit = ({ orderSizeMax, ...rest }: RiskLimits): boolean =>
  Object.keys(orderSizeMax ?? {}).length > 0 || Object.values(rest).some((limit) => limit !== undefined)

/**
 * Names of `orderSizeMax` that none of the markets the bot trades lists. One that has not answered yet may list them:
 * orders on what the table does not name are refused all the same.
 */
export function limitMistakes(limits: RiskLimits | undefined, traded: readonly Listing[]): readonly string[] {
  return Object.keys(limits?.orderSizeMax ?? {}).flatMap((inst) => {
    const able = traded.filter(({ market }) => instMistake(market, inst) === undefined)
    const mayBe = able.some(({ instruments }) => !instruments.isKnown || instruments.get(inst) !== undefined)
    if (able.length === 0 || mayBe) return []
    return [`limit orderSizeMax: ${able.map((listing) => unlisted(listing, inst)).join(", and ")}`]
  })
}
