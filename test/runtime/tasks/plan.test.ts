// Which streams go over which socket, at venues that differ from the one at hand.
import { expect, test } from "bun:test"
import { market } from "../../../src/exchanges/index.ts"
import { type Channel, channelName } from "../../../src/runtime/domain/channel.ts"
import type { Inst } from "../../../src/runtime/domain/inst.ts"
import type { Subscription, Venue } from "../../../src/runtime/ports.ts"
import { asksOf, socketsOf, streamsOf } from "../../../src/runtime/tasks/feed/plan.ts"
import type { Listener } from "../../../src/runtime/tasks/feed/stream.ts"

const [BTC, ETH] = ["BTC_USDT_PERP", "ETH_USDT_PERP"]
const TRADES: Channel = { kind: "trades" }
const DIFFS: Channel = { kind: "lob", form: "incremental" }
const IMAGES: Channel = { kind: "lob", form: "snapshot" }
const BBO: Channel = { kind: "lob", form: "bbo" }

const nothing = (): undefined => undefined
const wish = (channel: Channel, insts: readonly Inst[]): Listener => ({
  channel,
  insts,
  join: nothing,
  feedState: nothing,
  trouble: nothing,
  lag: nothing,
})

type Say = (channel: Channel, insts: readonly Inst[]) => Partial<Subscription>

function venueThat(say: Say, more: Partial<Venue> = {}): Venue {
  const subscribe: Venue["subscribe"] = (channel, insts) => ({
    url: "wss://stream",
    messages: [`${channelName(channel)} ${insts.join(" ")}`],
    ...say(channel, insts),
  })
  return { ...market("binance-um"), subscribe, unsubscribe: subscribe, ...more }
}

function sockets(venue: Venue, ...wishes: readonly Listener[]): string[][] {
  const streams = streamsOf(wishes, venue, 0)
  return socketsOf(streams, venue, 0).map((some) =>
    asksOf(some, venue, "subscribe", 0).flatMap(({ subscription }) => subscription.messages),
  )
}

test("streams at two addresses, or with two headers, go over two sockets", () => {
  const byInst = venueThat((_, [inst]) => ({ url: `wss://${inst}` }))
  expect(sockets(byInst, wish(TRADES, [BTC, ETH]))).toEqual([[`trades ${BTC}`], [`trades ${ETH}`]])
  const byChannel = venueThat(({ kind }) => ({ headers: { kind } }))
  expect(sockets(byChannel, wish(TRADES, [BTC]), wish(DIFFS, [BTC]), wish(TRADES, [ETH]))).toEqual([
    [`trades ${BTC} ${ETH}`],
    [`lob incremental ${BTC}`],
  ])
})

test("asks whose answers have one name go over two sockets", () => {
  const venue = venueThat(({ kind }) => ({ ids: [kind] }), {
    limits: { ...market("binance-um").limits, instsPerMessage: 1 },
  })
  expect(sockets(venue, wish(TRADES, [BTC, ETH]), wish(DIFFS, [BTC]))).toEqual([
    [`trades ${BTC}`, `lob incremental ${BTC}`],
    [`trades ${ETH}`],
  ])
})

test("images and diffs of one book share a socket only where the diffs bring no images of their own", () => {
  const { book } = market("binance-um")
  const wishes = [wish(DIFFS, [BTC]), wish(IMAGES, [BTC]), wish(BBO, [BTC]), wish(IMAGES, [ETH])]
  const apart = [[`lob incremental ${BTC}`, `lob bbo ${BTC}`, `lob snapshot ${ETH}`], [`lob snapshot ${BTC}`]]
  for (const image of ["stream", "images"] as const) {
    expect(
      sockets(
        venueThat(() => ({}), { book: { ...book, image } }),
        ...wishes,
      ),
    ).toEqual(apart)
  }
  expect(
    sockets(
      venueThat(() => ({})),
      ...wishes,
    ),
  ).toEqual([[`lob incremental ${BTC}`, `lob snapshot ${BTC} ${ETH}`, `lob bbo ${BTC}`]])
})

test("a stream that was refused is asked for by itself, after the others", () => {
  const venue = venueThat(() => ({}))
  const streams = streamsOf([wish(TRADES, [BTC, ETH, "SOL_USDT_PERP"])], venue, 0)
  streams[0]!.isRefused = true
  expect(asksOf(streams, venue, "subscribe", 0).map(({ subscription }) => subscription.messages)).toEqual([
    [`trades ${ETH} SOL_USDT_PERP`],
    [`trades ${BTC}`],
  ])
})

test("an inst that a task names twice is one stream with one listener", () => {
  const venue = venueThat(() => ({}))
  const streams = streamsOf([wish(TRADES, [BTC, BTC]), wish(TRADES, [BTC])], venue, 0)
  expect(streams.map(({ inst, listeners }) => [inst, listeners.length])).toEqual([[BTC, 2]])
})

test("a book is built from the deepest diffs, and of those from the finest", () => {
  const venue = venueThat(() => ({}))
  const diffs = (depth: number | undefined, everyMs: number): Channel => ({
    kind: "lob",
    form: "incremental",
    ...(depth === undefined ? {} : { depth }),
    everyMs,
  })
  const wishes = [diffs(20, 0), diffs(undefined, 500), diffs(undefined, 100)].map((channel) => wish(channel, [BTC]))
  const streams = streamsOf(wishes, venue, 0)
  expect(streams.map(({ builder }) => streams.indexOf(builder!))).toEqual([2, 2, 2])
})
