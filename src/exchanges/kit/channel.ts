import type { Channel } from "../../runtime/domain/channel.ts"
import { UsageError } from "../../runtime/domain/errors.ts"
import { INTERVALS, type Interval } from "../../runtime/domain/events.ts"

/** A channel in short text, for tools and tests. `lob` is the diffs of the whole book. */
export type ChannelText =
  | "trades"
  | "trades:each"
  | "bbo"
  | "lob"
  | `lob:${"bbo" | "snapshot" | "incremental"}`
  | `lob:${"snapshot" | "incremental"}:${number}ms`
  | `lob:snapshot:${number}`
  | `lob:snapshot:${number}:${number}ms`
  | `candles:${Interval}`
  | "accOrders"
  | "accBalPos"
  | "accPos"

const WHOLE: Readonly<Record<string, Channel>> = {
  trades: { kind: "trades" },
  "trades:each": { kind: "trades", each: true },
  bbo: { kind: "lob", form: "bbo" },
  "lob:bbo": { kind: "lob", form: "bbo" },
  lob: { kind: "lob", form: "incremental" },
  accOrders: { kind: "accOrders" },
  accBalPos: { kind: "accBalPos" },
  accPos: { kind: "accPos" },
}

const BOOK = /^lob:(snapshot|incremental)(?::(\d+))?(?::(\d+)ms)?$/

/** Reads `trades`, `lob:snapshot:20:100ms`, `candles:1m` and the like. Throws UsageError on anything else. */
export function parseChannel(text: string): Channel {
  if (Object.hasOwn(WHOLE, text)) return WHOLE[text] as Channel
  const candles = /^candles:(.+)$/.exec(text)?.[1]
  const interval = INTERVALS.find((interval) => interval === candles)
  if (interval !== undefined) return { kind: "candles", interval }
  const book = BOOK.exec(text)
  if (book === null)
    throw new UsageError(`"${text}" is no channel; write trades, lob, lob:snapshot:20:100ms or candles:1m`)
  const [, form, depth, everyMs] = book
  return {
    kind: "lob",
    form: form as "snapshot" | "incremental",
    ...(depth === undefined ? {} : { depth: Number(depth) }),
    ...(everyMs === undefined ? {} : { everyMs: Number(everyMs) }),
  }
}
