import { channelName } from "../../domain/channel.ts"
import { maskFrame } from "../../domain/redaction.ts"
import { type Outcome, accepted } from "../../domain/outcome.ts"
import type { Candle, Frame, Lob, Trade } from "../../domain/events.ts"
import type { FeedSpec } from "../../domain/task.ts"
import type { Socket, Timer, Venue } from "../../ports.ts"
import type { FeedStateChanged } from "../../domain/callbacks.ts"
import { Backoff } from "../../domain/backoff.ts"
import { Pulse } from "../heartbeat.ts"
import type { ManualFeed, RunningFeed, TaskHost } from "../task.ts"
import { Writes } from "./writes.ts"

const ACK_MS_MAX = 5_000
/** Below the 5,000 ms after which a command's ack is `unknown`: a connection that did not come is refused by name. */
const CONNECT_MS_MAX = 4_500
const BACKOFF = { backoffMsMin: 200, backoffMsMax: 30_000 }
/** Of a connection's greatest age: when the strategy is told, so that it can choose its moment. */
const AGEING_SHARE = 0.9

const refused = (reason: string): Outcome<undefined> => ({ kind: "refused", reason })

/**
 * A feed whose strategy drives it: `onWsEvent` asks, `connect`, `send` and `shutdown` answer. After a loss it asks again,
 * with backoff; commands for a dead connection are refused, never kept for the next one. The runtime sends the venue's
 * heartbeat, gives up what stays silent, and says by `onFeedState` what became of the connection and when it grows old.
 * `hear` is told of the market data, whose prices orders are valued at.
 */
export function manualFeed(
  spec: FeedSpec,
  host: TaskHost,
  venue: Venue,
  hear: (event: Trade | Lob | Candle, receivedAt: number) => void = () => undefined,
): RunningFeed {
  const { clock, sockets, random, log } = host.outside
  const backoff = new Backoff(random, BACKOFF)
  const publishers = {
    wanted: host.publisher("onWsEvent"),
    trade: host.publisher("onTrade"),
    lob: host.publisher("onLob"),
    candle: host.publisher("onCandle"),
    accOrder: host.publisher("onAccOrder"),
    accBalPos: host.publisher("onAccBalPos"),
    accPos: host.publisher("onAccPos"),
    state: host.publisher("onFeedState"),
    trouble: host.publisher("onError"),
  }
  const name = `${spec.market} ${channelName(spec.channel)}`
  const writes = new Writes(clock, name)
  let socket: Socket | undefined
  let state: "waiting" | "connecting" | "open" | "lost" | "shut" | "stopped" = "waiting"
  /** Set before the last socket closes: who hears of that may not open another. */
  let isStopped = false
  let retry: Timer | undefined
  let starts = 0
  /** Only the newest socket is heard. */
  let attempt = 0
  let closed: (() => void) | undefined

  let ageing: Timer | undefined
  const pulse = new Pulse(clock, venue.heartbeat, {
    ping: (text) => void (text === undefined ? socket?.ping() : socket?.send(text)),
    dead: (why) => drop(why),
  })

  const tell = (word: FeedStateChanged["state"], why: string, retryMs?: number) => {
    const timestamp = clock.now()
    const change = { market: spec.market, state: word, why, timestamp }
    host.turn.run(() => publishers.state(retryMs === undefined ? change : { ...change, retryMs }, timestamp))
  }

  const quiet = () => {
    pulse.stop()
    ageing?.cancel()
  }

  const ask = () => {
    if (isStopped) return
    state = "waiting"
    starts++
    host.turn.run(() => publishers.wanted({ spec, starts }, clock.now()))
  }

  const lost = (why: string) => {
    socket = undefined
    quiet()
    writes.end(why)
    closed?.()
    if (state === "stopped") return
    if (state === "shut") return tell("stopped", "closed as it was asked")
    state = "lost"
    const retryMs = backoff.nextMs()
    log.warn("feed.lost", { feed: name, why, retryMs })
    tell("lost", why, retryMs)
    retry = clock.timer(retryMs, ask)
  }

  /** Gives up a socket that does not know it is dead: from here on nothing of it is heard. */
  const drop = (why: string) => {
    attempt++
    socket?.close(1000, "")
    lost(why)
  }

  const opened = () => {
    state = "open"
    backoff.reset()
    pulse.start()
    const ageMs = venue.limits.connectionAgeMsMax
    ageing = clock.timer(ageMs * AGEING_SHARE, () => {
      const leftMs = Math.round(ageMs * (1 - AGEING_SHARE))
      tell("ageing", `${spec.market} ends this connection in about ${leftMs} ms; shut it down and connect again`)
    })
    tell("live", "connected")
  }

  const trouble = (message: string, frame: string, receivedAt: number) =>
    publishers.trouble(
      { kind: "unreadable frame", message: `${spec.market}: ${message}`, detail: { frame }, timestamp: receivedAt },
      receivedAt,
    )

  const read = (frame: Frame, receivedAt: number) => {
    pulse.heardAt = receivedAt
    host.turn.run(() => {
      const { events, control, unreadable } = venue.decode(frame, receivedAt)
      for (const event of events) {
        // Before its handler, which may send an order that is valued at it.
        if (event.kind === "trade" || event.kind === "lob" || event.kind === "candle") hear(event, receivedAt)
        if (event.kind === "trade") publishers.trade(event, receivedAt)
        else if (event.kind === "lob") publishers.lob(event, receivedAt)
        else if (event.kind === "candle") publishers.candle(event, receivedAt)
        else if (event.kind === "accOrder") publishers.accOrder(event, receivedAt)
        else if (event.kind === "accBalPos") publishers.accBalPos(event, receivedAt)
        else if (event.kind === "accPos") publishers.accPos(event, receivedAt)
      }
      if (unreadable !== undefined) trouble(unreadable, maskFrame(frame.toString().slice(0, 500)), receivedAt)
      if (control?.kind === "refused") trouble(`refused (${control.code}): ${control.message}`, "", receivedAt)
      if (control?.kind === "ping" && control.reply !== undefined) socket?.send(control.reply)
    })
  }

  const connect: ManualFeed["connect"] = (url, headers) => {
    if (socket !== undefined) return Promise.resolve(refused(`${name} is connected already; shut it down first`))
    if (isStopped) return Promise.resolve(refused(`${name} is stopping`))
    retry?.cancel()
    state = "connecting"
    const mine = ++attempt
    tell("connecting", "opening the socket")
    return new Promise((resolve) => {
      const target = { url, connectMsMax: CONNECT_MS_MAX }
      socket = sockets.open(headers === undefined ? target : { ...target, headers }, {
        open() {
          // One that opens while it is being shut down is closed by that.
          if (mine !== attempt || state !== "connecting") return
          opened()
          resolve(accepted(undefined))
        },
        alive() {
          if (mine === attempt) pulse.heardAt = clock.now()
        },
        text: (text, receivedAt) => mine === attempt && read(text, receivedAt),
        bytes: (bytes, receivedAt) => mine === attempt && read(bytes, receivedAt),
        closed(code, reason) {
          resolve(refused(`${name} could not connect (${code} ${reason})`))
          if (mine === attempt) lost(`closed (${code} ${reason})`)
        },
      })
    })
  }

  const shutdown: ManualFeed["shutdown"] = () => {
    if (socket === undefined) return Promise.resolve(refused(`${name} is not connected`))
    state = "shut"
    const closing = socket
    return new Promise((resolve) => {
      const late = clock.timer(ACK_MS_MAX, () => resolve({ kind: "unknown", why: `${name} did not close in time` }))
      closed = () => {
        late.cancel()
        closed = undefined
        resolve(accepted(undefined))
      }
      closing.close(1000, "")
    })
  }

  return {
    spec,
    start: ask,
    async stop() {
      isStopped = true
      retry?.cancel()
      if (socket !== undefined) await shutdown()
      quiet()
      state = "stopped"
    },
    reasons: () => (state === "open" ? [] : [`${name}: ${state}`]),
    state: () => ({ market: spec.market, channel: spec.channel, state, starts }),
    book: () => undefined,
    manual: {
      connect,
      send: (text) =>
        state === "open" && socket !== undefined
          ? writes.send(socket, text)
          : Promise.resolve(refused(`${name} is not connected`)),
      shutdown,
    },
  }
}
