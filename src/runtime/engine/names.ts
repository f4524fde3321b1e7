import { checkBinding } from "./declaration/given.ts"
import type { Declaration } from "./declaration/bot.ts"
import type { AnyStrategy, StrategyOptions } from "./declaration/strategy.ts"

/** A strategy with what it is called. */
export interface NamedStrategy {
  readonly name: string
  readonly strategy: AnyStrategy
  readonly options: StrategyOptions
  /** Told from others of its type by its place in the declaration alone. */
  readonly isNumbered: boolean
}

interface Member {
  readonly strategy: AnyStrategy
  readonly options: StrategyOptions
  /** What it is called after; undefined: an object literal without a name. */
  readonly stem: string | undefined
  /** The stem was given by hand, to it alone. */
  readonly isGiven: boolean
  readonly isInGroup: boolean
  /** Those that have it in common are counted: a class, or a group's name. */
  readonly type: unknown
}

const ANONYMOUS = "strategy"

export const repeated = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
]

function membersOf({ strategies, options, isNumbered: isInGroup }: Declaration["groups"][number]): readonly Member[] {
  const ownNames = strategies.map(({ name }) => (typeof name === "string" && name !== "" ? name : undefined))
  const twice = new Set(repeated(ownNames.filter((name) => name !== undefined)))
  const isOfEach = typeof options === "function" || !isInGroup
  return strategies.map((strategy, at): Member => {
    const each = typeof options === "function" ? options(strategy, at) : options
    checkBinding(each)
    const own = ownNames[at]
    const given = own ?? each.name
    const isGiven = own === undefined ? given !== undefined && isOfEach : !twice.has(own)
    const type = Object.getPrototypeOf(strategy)?.constructor as (new () => unknown) | undefined
    const isClass = type !== undefined && type !== Object && type.name !== ""
    const stem = given ?? (isClass ? type.name : undefined)
    return { strategy, options: each, stem, isGiven, isInGroup, type: given ?? (isClass ? type : ANONYMOUS) }
  })
}

/**
 * What each strategy is called: its own name or its binding's, and where nobody gave one its class's. Several of one class
 * count up in the order they are declared, passing over names that are taken: the first is `Momentum` (of a group
 * `Momentum-1`), the next `Momentum-2`, so that one added at the end renames none. Literals count as `strategy-1`.
 */
export function namesOf(groups: Declaration["groups"]): readonly NamedStrategy[] {
  const members = groups.flatMap(membersOf)
  const counted = members.filter(({ isGiven }) => !isGiven)
  const taken = new Set(members.filter(({ isGiven }) => isGiven).map(({ stem }) => stem))
  const counts = new Map<unknown, number>()
  return members.map(({ strategy, options, stem, isGiven, isInGroup, type }): NamedStrategy => {
    if (isGiven) return { name: stem ?? "", strategy, options, isNumbered: false }
    const nameOf = (number: number): string =>
      number === 1 && stem !== undefined && !isInGroup ? stem : `${stem ?? ANONYMOUS}-${number}`
    let number = (counts.get(type) ?? 0) + 1
    while (taken.has(nameOf(number))) number++
    counts.set(type, number)
    const isNumbered = counted.filter((other) => other.type === type).length > 1
    return { name: nameOf(number), strategy, options, isNumbered }
  })
}
