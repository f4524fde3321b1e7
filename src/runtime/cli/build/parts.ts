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

export const RUNNERS: Readonly<Record<ModelKind, Module>> = {
  onnx: { file: "src/models/onnx/index.ts", name: "onnxRunner" },
  zmq: { file: "src/models/zmq/index.ts", name: "zmqRunner" },
}

/** Throws BuildError naming every market this version has no adapter for. */
export function venuesOf(bot: string, { markets }: Parts): [Market, Module][] {
  const missing = markets.filter((market) => VENUES[market] === undefined)
  if (missing.length > 0) {
    const have = Object.keys(VENUES).join(", ")
    throw new BuildError(
      bot,
      missing.map((market) => `there is no adapter for ${market} in this version; it has ${have}`),
    )
  }
  return markets.flatMap((market) =>
    VENUES[market] === undefined ? [] : [[market, VENUES[market]] as [Market, Module]],
  )
}
