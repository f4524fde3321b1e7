import type { Exchange } from "./exchange.ts"
import { Window } from "./limits.ts"

/** Streams take at most ten messages a second, the WebSocket API counts weight instead. */
type Door = "streams" | "entry"

const minuteUs = 60_000_000
const pingEveryUs = 3 * minuteUs
const pongUsMax = 10 * minuteUs
const ageUsMax = 24 * 60 * minuteUs
const messagesPerSecondMax = 10

interface Visitor {
  readonly door: Door
  readonly openedAt: number
  readonly messages: Window
  pingAt: number
  heardAt: number
  isLeaving: boolean
}

/** Pings every 3 minutes, ends a connection that has not answered for 10, or is a day old (page "Connect"). */
export class Presence {
  readonly #exchange: Exchange
  readonly #visitors = new Map<number, Visitor>()

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  open(connection: number, door: Door, now: number): void {
    const messages = new Window(1_000, messagesPerSecondMax)
    this.#visitors.set(connection, {
      door,
      openedAt: now,
      messages,
      pingAt: now + pingEveryUs,
      heardAt: now,
      isLeaving: false,
    })
  }

  /** Which door the message belongs to; undefined where it is not to be read. */
  message(connection: number, now: number): Door | undefined {
    const visitor = this.#visitors.get(connection)
    if (visitor === undefined || visitor.isLeaving) return undefined
    if (!visitor.messages.add(1, now) && visitor.door === "streams") {
      this.#end(connection, visitor, 1008, "Too many requests")
      return undefined
    }
    return visitor.door
  }

  alive(connection: number, now: number): void {
    const visitor = this.#visitors.get(connection)
    if (visitor !== undefined) visitor.heardAt = now
  }

  closed(connection: number): void {
    this.#visitors.delete(connection)
  }

  tick(now: number): void {
    for (const [connection, visitor] of this.#visitors) {
      if (visitor.isLeaving) continue
      if (now - visitor.openedAt >= ageUsMax) this.#end(connection, visitor, 1001, "24 hours")
      else if (now - visitor.heardAt >= pongUsMax) this.#end(connection, visitor, 1008, "no pong")
      else if (now >= visitor.pingAt) {
        visitor.pingAt = now + pingEveryUs
        this.#exchange.hub.push({ kind: "ping", connection })
      }
    }
  }

  #end(connection: number, visitor: Visitor, code: number, reason: string): void {
    visitor.isLeaving = true
    this.#exchange.hub.push({ kind: "close", connection, code, reason })
  }
}
