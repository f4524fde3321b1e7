import { front as binanceUm, type FundingTerms, type TapeFaults, type TapeOptions } from "../exchanges/binance/front.ts"
import { ConfigError } from "../runtime/domain/errors.ts"
import type { Front, Outside } from "../runtime/ports.ts"
import { frontGate, type Gate, type Served, serveFront } from "../runtime/simulation/serve.ts"
import { readTape } from "../runtime/storage/tape-reader.ts"
import { SIM_ACCOUNT } from "./sim-account.ts"

export { SIM_ACCOUNT }

const BALANCES = { USDT: "100000" }

export interface SimulatorOptions {
  readonly market: string
  readonly outside: Outside
  readonly host: string
  readonly port: number
  readonly seed: number
  /** Captured frames to play as market data. */
  readonly tape?: string
  readonly pace: number | "asFast"
  /** What goes wrong with the tape's depth diffs, for tests. */
  readonly faults?: TapeFaults
  /** Events a second and instrument of the simulated order flow. */
  readonly rate?: number
  /** How often positions pay funding, and what. */
  readonly funding?: FundingTerms
  /** What stands between the exchange and whoever connects to it: a simulation's witness. */
  readonly through?: (front: Front) => Front
}

interface Setup {
  readonly options: SimulatorOptions
  readonly lines: readonly string[] | undefined
  readonly gate: Gate
}

const FRONTS: Readonly<Record<string, (setup: Setup) => Front>> = {
  "binance-um": ({ options, lines, gate }) =>
    binanceUm({
      seed: options.seed,
      startedAt: options.outside.clock.now(),
      accounts: [{ ...SIM_ACCOUNT, balances: BALANCES }],
      ready: gate.ready,
      ...(options.rate === undefined ? {} : { flow: options.rate }),
      ...(options.funding === undefined ? {} : { funding: options.funding }),
      ...(lines === undefined ? {} : { tape: tapeOf(options, lines) }),
    }),
}

export const simulatedMarkets = (): readonly string[] => Object.keys(FRONTS)

/** The simulated exchange of one market, listening. Throws ConfigError on an unknown market, an unreadable tape, a taken port. */
export async function openSimulator(options: SimulatorOptions): Promise<Served> {
  const make = FRONTS[options.market]
  if (make === undefined) {
    throw new ConfigError(
      `there is no simulated exchange for "${options.market}"; there is ${simulatedMarkets().join(", ")}`,
    )
  }
  const lines = options.tape === undefined ? undefined : await tapeLines(options.tape)
  const gate = frontGate()
  const { listener, clock } = options.outside
  const front = make({ options, lines, gate })
  return serveFront({
    front: options.through?.(front) ?? front,
    listener,
    clock,
    host: options.host,
    port: options.port,
    gate,
  })
}

const tapeOf = ({ pace, faults }: SimulatorOptions, lines: readonly string[]): TapeOptions =>
  faults === undefined ? { lines, pace } : { lines, pace, faults }

async function tapeLines(file: string): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { receivedAt, text } of readTape(file)) lines.push(`${receivedAt}000 ${text}`)
  return lines
}
