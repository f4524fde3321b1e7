import type { Candle, Lob, MarketEvent } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import type { Stream } from "./stream.ts"

/** The streams of one inst on one socket, by what their frames tell them apart. */
interface Route {
  readonly inst: Inst
  trades: Stream | undefined
  bbo: Stream | undefined
  image: Stream | undefined
  diffs: Stream | undefined
  /** One an interval. */
  readonly candles: Stream[]
}

const routeOf = (inst: Inst): Route => ({
  inst,
  trades: undefined,
  bbo: undefined,
  image: undefined,
  diffs: undefined,
  candles: [],
})

const NOWHERE = routeOf("")

/** From events to the streams of one socket: frames name an inst, and mostly the same one as the frame before. */
export class Routes {
  readonly #byInst = new Map<Inst, Route>()
  #newest = NOWHERE

  add(stream: Stream): void {
    const { channel, inst } = stream
    const route = this.#of(inst)
    if (channel.kind === "trades") route.trades = stream
    else if (channel.kind === "candles") route.candles.push(stream)
    else if (channel.kind !== "lob") return
    else if (channel.form === "bbo") route.bbo = stream
    else if (channel.form === "snapshot") route.image = stream
    else route.diffs = stream
  }

  /** To nobody where nobody asked for this event. */
  deliver(event: MarketEvent, receivedAt: number): void {
    if (event.kind === "trade") this.#routeOf(event.inst).trades?.trade(event, receivedAt)
    else if (event.kind === "lob") streamOfLob(this.#routeOf(event.inst), event)?.lob(event, receivedAt)
    else if (event.kind === "candle") streamOfCandle(this.#routeOf(event.inst), event)?.candle(event, receivedAt)
  }

  #routeOf(inst: Inst): Route {
    if (this.#newest.inst === inst) return this.#newest
    return (this.#newest = this.#byInst.get(inst) ?? NOWHERE)
  }

  #of(inst: Inst): Route {
    const known = this.#byInst.get(inst)
    if (known !== undefined) return known
    const route = routeOf(inst)
    this.#byInst.set(inst, route)
    return route
  }
}

/** Some venues begin a stream of diffs with an image, or send nothing but images; both are then never on one socket. */
function streamOfLob({ bbo, image, diffs }: Route, { form }: Lob): Stream | undefined {
  if (form === "bbo") return bbo
  return form === "snapshot" ? (image ?? diffs) : (diffs ?? image)
}

function streamOfCandle({ candles }: Route, { interval }: Candle): Stream | undefined {
  for (let index = 0; index < candles.length; index++) {
    const stream = candles[index]!
    if (stream.channel.kind === "candles" && stream.channel.interval === interval) return stream
  }
  return undefined
}
