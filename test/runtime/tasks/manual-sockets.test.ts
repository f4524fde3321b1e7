// A feed whose strategy drives it, over real sockets, to a peer that shakes hands and reads no byte more.
import { expect, test } from "bun:test"
import type { Socket } from "node:net"
import { market } from "../../../src/exchanges/index.ts"
import type { FeedSpec } from "../../../src/runtime/domain/task.ts"
import { systemClock } from "../../../src/runtime/platform/shared/clock.ts"
import { wsSockets } from "../../../src/runtime/platform/shared/sockets.ts"
import { manualFeed } from "../../../src/runtime/tasks/feed/manual.ts"
import { acceptUpgrade, peer } from "../platform/shared/peer.ts"
import { virtualHost } from "./host.ts"
import { BTC, TRADES } from "./market.ts"

const clock = systemClock()
const spec: FeedSpec = { kind: "feed", id: "1", market: "binance-um", channel: TRADES, insts: [BTC], isManual: true }

test("a text is accepted when it has left; one that waits for a peer that reads nothing is unknown once it resets", async () => {
  const theirs = Promise.withResolvers<Socket>()
  await using server = await peer((socket, text) => {
    if (!acceptUpgrade(socket, text)) return
    socket.pause()
    theirs.resolve(socket)
  })
  const { host, outside, of } = virtualHost()
  const real = { ...host, outside: { ...outside, clock, sockets: wsSockets({ clock }) } }
  const feed = manualFeed(spec, real, market("binance-um"))
  const { connect, send } = feed.manual!
  feed.start()
  expect(await connect(`ws://127.0.0.1:${server.port}/`)).toMatchObject({ kind: "accepted" })
  expect(await send("hello")).toEqual({ kind: "accepted", value: undefined })
  const kinds: string[] = []
  const answers = Array.from({ length: 15 }, () => send("x".repeat(1_000_000)))
  for (const answer of answers) void answer.then(({ kind }) => kinds.push(kind))
  await new Promise<void>((resolve) => clock.timer(100, resolve))
  expect(kinds.length).toBeLessThan(15)
  expect(new Set(kinds)).toEqual(new Set(["accepted"]))
  const peerEnd = await theirs.promise
  peerEnd.resetAndDestroy()
  expect(await answers.at(-1)).toMatchObject({
    kind: "unknown",
    why: expect.stringContaining("binance-um trades: it could not be written"),
  })
  await Promise.all(answers)
  expect(kinds).toHaveLength(15)
  expect(await send("later")).toEqual({ kind: "refused", reason: "binance-um trades is not connected" })
  expect(of("onFeedState").map(({ data }) => (data as { state: string }).state)).toEqual(["connecting", "live", "lost"])
  await feed.stop()
})
