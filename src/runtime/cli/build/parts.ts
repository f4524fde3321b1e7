import { BuildError } from "../../domain/errors.ts"
import type { Market } from "../../domain/market.ts"
import type { TaskSpec } from "../../domain/task.ts"

export type ModelKind = "onnx" | "zmq"

/** What a bot's declaration needs of the library, by name: nothing else goes into its binary. */
export interface Parts {
  readonly markets: readonly Market[]
  readonly models: readonly ModelKind[]
  /** Model files, relative to the bot file, as declared. */
  readonly files: readonly string[]
}

export function partsOf(tasks: readonly TaskSpec[]): Parts {
  const predicts = tasks.filter((task) => task.kind === "predict")
  return {
    markets: unique(tasks.flatMap((task) => ("market" in task ? [task.market] : []))),
    models: unique(predicts.map(({ runner }) => runner)),
    files: unique(predicts.flatMap(({ runner, source }) => (runner === "onnx" ? [source] : []))),
  }
}

const unique = <T extends string>(names: readonly T[]): T[] => [...new Set(names)].toSorted()

/** A module of the library and what it exports for us. */
export interface Module {
  readonly file: string
  readonly name: string
}

// Named here, not imported: an import would put every one of them into every binary.
export const VENUES: Partial<Readonly<Record<Market, Module>>> = {
  "binance-um": { file: "src/exchanges/binance/index.ts", name: "binanceUm" },
}

export const RUNNERS: Partial<Readonly<Record<ModelKind, Module>>> = {
  onnx: { file: "src/models/onnx/index.ts", name: "onnxRunner" },
  zmq: { file: "src/models/zmq/index.ts", name: "zmqRunner" },
}

export interface Modules {
  readonly venues: readonly (readonly [Market, Module])[]
  readonly runners: readonly (readonly [ModelKind, Module])[]
}

/** The modules behind the parts. Throws BuildError naming every part that this version does not have. */
export function modulesOf(bot: string, { markets, models }: Parts): Modules {
  const mistakes = [...missing(markets, VENUES, "adapter"), ...missing(models, RUNNERS, "model runner")]
  if (mistakes.length > 0) throw new BuildError(bot, mistakes)
  return { venues: found(markets, VENUES), runners: found(models, RUNNERS) }
}

type Table<N extends string> = Partial<Readonly<Record<N, Module>>>

const missing = <N extends string>(names: readonly N[], table: Table<N>, what: string): string[] =>
  names.flatMap((name) =>
    table[name] === undefined
      ? [`there is no ${what} for ${name} in this version; there is ${Object.keys(table).join(", ")}`]
      : [],
  )

const found = <N extends string>(names: readonly N[], table: Table<N>): [N, Module][] =>
  names.flatMap((name) => {
    const module = table[name]
    return module === undefined ? [] : [[name, module] as [N, Module]]
  })
