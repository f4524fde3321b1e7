/**
 * What a line of a recorded tape is, by its channel: a frame that a socket received, `binance-um /public/stream 1`; what
 * was sent on it, with `sent` behind, and that it is gone, with `closed`; an answer to a public request,
 * `binance-um GET /fapi/v1/depth?symbol=…`.
 */
export type Crossing =
  | {
      readonly kind: "frame" | "sent" | "closed"
      readonly market: string
      readonly target: string
      readonly connection: number
    }
  | { readonly kind: "reply"; readonly market: string; readonly target: string }

interface SocketCrossing {
  readonly market: string
  /** Path of the socket's URL. */
  readonly target: string
  /** Counted from 1 in the order the sockets were opened. */
  readonly connection: number
}

interface ReplyCrossing {
  readonly market: string
  /** Method, path and query. */
  readonly target: string
}

export const socketChannel = ({ market, target, connection }: SocketCrossing): string =>
  `${market} ${target} ${connection}`

export const sentChannel = (crossing: SocketCrossing): string => `${socketChannel(crossing)} sent`
export const closedChannel = (crossing: SocketCrossing): string => `${socketChannel(crossing)} closed`

export const replyChannel = ({ market, target }: ReplyCrossing): string => `${market} ${target}`

const SOCKET = /^(\S+) (\/\S*) (\d+)(?: (sent|closed))?$/
const REPLY = /^(\S+) (GET \/\S*)$/

/** Undefined where it is no crossing of market data: a model's answers, a channel of somebody else's. */
export function crossingOf(channel: string): Crossing | undefined {
  const socket = SOCKET.exec(channel)
  if (socket !== null) {
    const [, market = "", target = "", connection, more = "frame"] = socket
    return { kind: more as "frame" | "sent" | "closed", market, target, connection: Number(connection) }
  }
  const reply = REPLY.exec(channel)
  return reply === null ? undefined : { kind: "reply", market: reply[1] ?? "", target: reply[2] ?? "" }
}

/** Path and query of a URL: what stays the same whatever stands in for the venue. */
export const targetOf = (url: string): string => url.replace(/^[^/]*\/\/[^/?]*/, "")
