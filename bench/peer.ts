import type { Venue, VenueOptions } from "../src/runtime/ports.ts"
import { binanceUm } from "../src/exchanges/binance/index.ts"

/** Whose connection: that of the product's own adapter (or another client of the venue), or a bare loop's. */
export type Side = "venue" | "bare"

/** µs from tick to order, in the order they were sent. */
export type TickTimes = Readonly<Record<Side, readonly number[]>>

export type ToPeer =
  | { readonly kind: "blast"; readonly side: Side; readonly count: number }
  | { readonly kind: "ticks"; readonly count: number; readonly pauseMs: number }

export type FromPeer =
  | {
      readonly kind: "ready"
      readonly rest: string
      readonly sockets: string
      readonly apiKey: string
      readonly secret: string
    }
  | { readonly kind: "done" }
  | { readonly kind: "ticks"; readonly tookUs: TickTimes }

export interface Peer {
  /** Of the simulated exchange: `http://127.0.0.1:port`. */
  readonly rest: string
  /** Of the server of frames and stop watches: `ws://127.0.0.1:port`. */
  readonly sockets: string
  readonly credentials: { readonly apiKey: string; readonly secret: string }
  /** Sends so many trades in bursts; resolves when the last has left. */
  blast(side: Side, count: number): Promise<void>
  /** Sends trades one by one to both sides in turns, each after the order that the one before led to. */
  ticks(count: number, pauseMs: number): Promise<TickTimes>
  /** The adapter of binance-um with its streams and its order entry led to the peer's server, without limits on orders. */
  venue(options?: VenueOptions): Venue
  close(): void
}

/** Starts the other end of a measurement in a process of its own. */
export async function openPeer(): Promise<Peer> {
  const waiting: ((message: FromPeer) => void)[] = []
  const next = (): Promise<FromPeer> => new Promise((resolve) => waiting.push(resolve))
  const first = next()
  const child = Bun.spawn([process.execPath, new URL("./peer/exchange.ts", import.meta.url).pathname], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: FromPeer) => waiting.shift()?.(message),
  })
  const ready = await first
  if (ready.kind !== "ready") throw new Error("the other end said something before it was ready")
  const { rest, sockets, apiKey, secret } = ready
  const ask = (message: ToPeer): Promise<FromPeer> => {
    const answer = next()
    child.send(message)
    return answer
  }
  const moved = (address: string): string => address.replace(/^ws:\/\/[^/]+/, sockets)
  return {
    rest,
    sockets,
    credentials: { apiKey, secret },
    async blast(side, count) {
      await ask({ kind: "blast", side, count })
    },
    async ticks(count, pauseMs) {
      const answer = await ask({ kind: "ticks", count, pauseMs })
      if (answer.kind !== "ticks") throw new Error(`the other end answered "${answer.kind}"`)
      return answer.tookUs
    },
    venue(options) {
      const venue = binanceUm({ ...options, endpoint: rest })
      const subscribe: Venue["subscribe"] = (channel, insts, auth) => {
        const subscription = venue.subscribe(channel, insts, auth)
        return auth?.session === undefined ? { ...subscription, url: moved(subscription.url) } : subscription
      }
      const plenty = { ordersPer10s: 1e9, ordersPerMinute: 1e9, weightPerMinute: 1e9 }
      const limits = { ...venue.limits, ...plenty }
      const entry = venue.entry === undefined ? {} : { entry: { ...venue.entry, url: moved(venue.entry.url) } }
      return { ...venue, subscribe, limits, ...entry }
    },
    close: () => child.kill(),
  }
}
