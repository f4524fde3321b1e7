import { maskFrame } from "../../domain/redaction.ts"
import type { FeedStateChanged } from "../../domain/callbacks.ts"
import type { FeedSpec } from "../../domain/task.ts"
import type { Timer } from "../../ports.ts"
import type { PrivateStream } from "../orders/private-stream.ts"
import type { RunningFeed, TaskHost } from "../task.ts"

const CHANNEL_OF = { accOrder: "accOrders", accBalPos: "accBalPos", accPos: "accPos" } as const

/** However long a bot's own bound of silence doubles. */
const SILENCE_MS_MAX = 24 * 3_600_000

/**
 * A declared feed of the account's own events, on the one private connection its market has. An account may say nothing for
 * days: its connection is proven by pings and its session by renewals. Only a bot that names a bound of silence, because
 * its account is never quiet, has the connection opened anew when it is passed; each time in vain doubles it.
 */
export function accountFeed(spec: FeedSpec, host: TaskHost, stream: PrivateStream): RunningFeed {
  const { clock } = host.outside
  const { kind } = spec.channel
  const publishOrder = host.publisher("onAccOrder")
  const publishBalPos = host.publisher("onAccBalPos")
  const publishPos = host.publisher("onAccPos")
  const publishState = host.publisher("onFeedState")
  const publishTrouble = host.publisher("onError")
  let leave: (() => void) | undefined
  let events = 0

  let listening: Timer | undefined
  /** On the monotonic clock. */
  let heardAt = 0
  let times = 0

  const listen = (boundMs: number | undefined) => {
    listening?.cancel()
    if (boundMs === undefined) return
    const waitMs = Math.min(Math.max(boundMs, SILENCE_MS_MAX), boundMs * 2 ** times)
    const leftMs = waitMs - (clock.monotonic() - heardAt) / 1_000
    listening = clock.timer(Math.max(1, leftMs), () => {
      if ((clock.monotonic() - heardAt) / 1_000 < waitMs) return listen(boundMs)
      times++
      const why = `no ${kind} event for ${waitMs} ms`
      tell("silent", why)
      stream.renew(why)
    })
  }

  const tell = (state: FeedStateChanged["state"], why: string, retryMs?: number) => {
    const timestamp = clock.now()
    const change = { market: spec.market, state, why, timestamp }
    host.turn.run(() => publishState(retryMs === undefined ? change : { ...change, retryMs }, timestamp))
  }

  return {
    spec,
    start() {
      leave = stream.subscribe({
        event(event, receivedAt) {
          if (CHANNEL_OF[event.kind] !== kind) return
          events++
          heardAt = clock.monotonic()
          times = 0
          if (event.kind === "accOrder") publishOrder(event, receivedAt)
          else if (event.kind === "accBalPos") publishBalPos(event, receivedAt)
          else publishPos(event, receivedAt)
        },
        opened() {
          heardAt = clock.monotonic()
          listen(spec.silenceMsMax)
          tell("live", "authenticated and subscribed")
        },
        lost(why, retryMs) {
          listening?.cancel()
          tell("lost", why, retryMs)
        },
        unreadable(why, raw) {
          const timestamp = clock.now()
          const detail = { frame: maskFrame(raw.slice(0, 500)) }
          host.turn.run(() => publishTrouble({ kind: "unreadable frame", message: why, detail, timestamp }, timestamp))
        },
      })
    },
    stop() {
      listening?.cancel()
      leave?.()
      return Promise.resolve()
    },
    reasons: () => (stream.reason === undefined ? [] : [stream.reason]),
    state: () => ({ market: spec.market, channel: spec.channel, events }),
    book: () => undefined,
  }
}
