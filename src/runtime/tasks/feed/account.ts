import { maskFrame } from "../../domain/redaction.ts"
import type { FeedSpec } from "../../domain/task.ts"
import type { PrivateStream } from "../orders/private-stream.ts"
import type { RunningFeed, TaskHost } from "../task.ts"

const CHANNEL_OF = { accOrder: "accOrders", accBalPos: "accBalPos", accPos: "accPos" } as const

/** A declared feed of the account's own events, on the one private connection its market has. */
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

  const tell = (state: "live" | "lost", why: string, retryMs?: number) => {
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
          if (event.kind === "accOrder") publishOrder(event, receivedAt)
          else if (event.kind === "accBalPos") publishBalPos(event, receivedAt)
          else publishPos(event, receivedAt)
        },
        opened: () => tell("live", "authenticated and subscribed"),
        lost: (why, retryMs) => tell("lost", why, retryMs),
        unreadable(why, raw) {
          const timestamp = clock.now()
          const detail = { frame: maskFrame(raw.slice(0, 500)) }
          host.turn.run(() => publishTrouble({ kind: "unreadable frame", message: why, detail, timestamp }, timestamp))
        },
      })
    },
    stop() {
      leave?.()
      return Promise.resolve()
    },
    reasons: () => (stream.reason === undefined ? [] : [stream.reason]),
    state: () => ({ market: spec.market, channel: spec.channel, events }),
    book: () => undefined,
  }
}
