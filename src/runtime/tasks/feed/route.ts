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

/** From events to the streams of one socket: frames name an inst, and mostly the same one as the frame before. */
export class Routes {
  readonly #byInst = new Map<Inst, Route>()
  #newest: Route | undefined

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
    if (event.kind !== "trade" && event.kind !== "lob" && event.kind !== "candle") return
    let route = this.#newest
    if (route === undefined || route.inst !== event.inst) {
      route = this.#byInst.get(event.inst)
      if (route === undefined) return
      this.#newest = route
    }
    if (event.kind === "trade") route.trades?.trade(event, receivedAt)
    else if (event.kind === "lob") streamOfLob(route, event)?.lob(event, receivedAt)
    else streamOfCandle(route, event)?.candle(event, receivedAt)
  }

  #of(inst: Inst): Route {
    const known = this.#byInst.get(inst)
    if (known !== undefined) return known
    const route: Route = { inst, trades: undefined, bbo: undefined, image: undefined, diffs: undefined, candles: [] }
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
