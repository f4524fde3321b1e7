import {
  type BinanceFront,
  type BinancePlayback,
  front as binanceUm,
  frameOf,
  type FundingTerms,
  type ListingSpec,
  type TapeFaults,
  type TapeOptions,
} from "../exchanges/binance/front.ts"
import { ConfigError } from "../runtime/domain/errors.ts"
import type { Front, Outside, Subscription, Timer } from "../runtime/ports.ts"
import { frontGate, type Gate, type Served, serveFront } from "../runtime/simulation/serve.ts"
import { readTape } from "../runtime/storage/tape-reader.ts"
import { targetOf } from "./crossing.ts"
import { SIM_ACCOUNT } from "./sim-account.ts"

export { frameOf, SIM_ACCOUNT }

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
  /** On a clock that does not wait: order flow later than this is left out, and the log says so. */
  readonly flowLateMsMax?: number
  /** How often positions pay funding, and what. */
  readonly funding?: FundingTerms
  /** Market data are captured frames, which the returned `playback` is handed. */
  readonly playback?: PlaybackSetup
  /** What stands between the exchange and whoever connects to it: a simulation's witness. */
  readonly through?: (front: Front) => Front
}

export interface PlaybackSetup {
  /** Names of the streams that frames will come of. */
  readonly streams: Iterable<string>
  /** What is listed; the simulated exchange's own instruments where absent. */
  readonly instruments?: readonly ListingSpec[]
}

export interface Simulator extends Served {
  /** Present where market data are captured frames. */
  readonly playback: BinancePlayback | undefined
}

interface Setup {
  readonly options: SimulatorOptions
  readonly lines: readonly string[] | undefined
  readonly gate: Gate
}

const FRONTS: Readonly<Record<string, (setup: Setup) => BinanceFront>> = {
  "binance-um": ({ options, lines, gate }) =>
    binanceUm({
      seed: options.seed,
      startedAt: options.outside.clock.now(),
      accounts: [{ ...SIM_ACCOUNT, balances: BALANCES }],
      ready: gate.ready,
      ...(options.rate === undefined ? {} : { flow: options.rate }),
      ...(options.flowLateMsMax === undefined ? {} : { flowLateMsMax: options.flowLateMsMax }),
      ...(options.funding === undefined ? {} : { funding: options.funding }),
      ...(options.playback === undefined ? {} : playbackOf(options.playback)),
      ...(lines === undefined ? {} : { tape: tapeOf(options, lines) }),
    }),
}

/** Names of the streams that a subscription asks the simulated exchange for. */
export function streamsOf({ url, messages }: Pick<Subscription, "url" | "messages">): readonly string[] {
  const front = binanceUm({ seed: 0, startedAt: 0, accounts: [], playback: { streams: [] } })
  front.open(1, targetOf(url), {}, 0)
  for (const message of messages) front.message(1, message, 0)
  return front.playback?.wanted() ?? []
}

export const simulatedMarkets = (): readonly string[] => Object.keys(FRONTS)

/** The simulated exchange of one market, listening. Throws ConfigError on an unknown market, an unreadable tape, a taken port. */
export async function openSimulator(options: SimulatorOptions): Promise<Simulator> {
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
  const served = await serveFront({
    front: options.through?.(front) ?? front,
    listener,
    clock,
    host: options.host,
    port: options.port,
    gate,
  })
  const stopTelling = options.flowLateMsMax === undefined ? () => undefined : tellSkipped(front, options)
  const { close } = served
  return Object.assign(served, {
    playback: front.playback,
    close() {
      stopTelling()
      return close()
    },
  })
}

const tellMs = 10_000
/** A hiccup of the machine is nothing to tell of: so many were left out by then. */
const tellSkippedMin = 1_000

/** A flow that is thinner than asked for says so. */
function tellSkipped(front: BinanceFront, { outside, market, rate }: SimulatorOptions): () => void {
  let told = 0
  let timer: Timer
  const look = (): void => {
    const skipped = front.skipped - told
    if (skipped >= tellSkippedMin) {
      outside.log.warn("exchange.behind", { market, rate, skipped })
      told = front.skipped
    }
    timer = outside.clock.timer(tellMs, look)
  }
  timer = outside.clock.timer(tellMs, look)
  return () => timer.cancel()
}

const playbackOf = ({ streams, instruments }: PlaybackSetup) => ({
  playback: { streams },
  ...(instruments === undefined ? {} : { instruments }),
})

const tapeOf = ({ pace, faults }: SimulatorOptions, lines: readonly string[]): TapeOptions =>
  faults === undefined ? { lines, pace } : { lines, pace, faults }

/** Of a tape that holds more: the frames of the instrument that comes first, and the images of its book. */
async function tapeLines(file: string): Promise<readonly string[]> {
  const lines: string[] = []
  let symbol: string | undefined
  for await (const { receivedAt, channel, text } of readTape(file)) {
    const key = frameOf(text)?.stream.split("@", 1)[0]
    symbol ??= key
    const isImage = channel === "" || (text.startsWith('{"lastUpdateId":') && isOf(symbol, channel))
    if (symbol !== undefined && (key === undefined ? isImage : key === symbol)) lines.push(`${receivedAt}000 ${text}`)
  }
  if (lines.length > 0) return lines
  throw new ConfigError(`the tape ${file} holds no frames that the simulated exchange could play; give another tape`)
}

const isOf = (symbol: string | undefined, channel: string): boolean =>
  channel.split(/[?&]/).includes(`symbol=${symbol?.toUpperCase()}`)
