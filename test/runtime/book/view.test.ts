import { expect, test } from "bun:test"
import { UsageError } from "../../../src/runtime/domain/errors.ts"
import type { LiveView } from "../../../src/runtime/book/view.ts"
import { diff, image, levels, live, syncOf } from "./lob.ts"

function liveView(sync: ReturnType<typeof live>): LiveView {
  const view = sync.view()
  if (view.state !== "live") throw new Error(`${view.state}: ${view.why}`)
  return view
}

test("a live view reads the book as it stands", () => {
  const sync = live()
  const view = liveView(sync)
  expect(view.best()).toEqual({ bidPrice: 100, bidSize: 1, askPrice: 101, askSize: 1 })
  sync.accept(diff(20, 21, 25, { bids: levels([100.5, 3]) }))
  expect({ best: view.best(), levels: view.levels(1), seq: view.seq, receivedAt: view.receivedAt }).toEqual({
    best: { bidPrice: 100.5, bidSize: 3, askPrice: 101, askSize: 1 },
    levels: { bids: levels([100.5, 3]), asks: levels([101, 1]) },
    seq: 25,
    receivedAt: 25,
  })
  expect(sync.view()).toBe(view)
})

test("a live view throws at every read once the book has left the live state, also when it is live again", () => {
  const sync = live()
  const view = liveView(sync)
  sync.accept(diff(25, 26, 30))
  const reads = [() => view.best(), () => view.levels(1), () => view.seq, () => view.receivedAt, () => view.snapshot()]
  for (const read of reads) expect(read).toThrow(UsageError)
  sync.asked()
  sync.image(image(28), 45)
  expect(sync.state).toBe("live")
  for (const read of reads) expect(read).toThrow(UsageError)
  expect(liveView(sync).best()?.bidPrice).toBe(100)
})

test("a book that is not live shows why and since when", () => {
  const sync = syncOf()
  expect(sync.view()).toEqual({ state: "syncing", why: "not subscribed yet", since: 0 })
  sync.connected(7)
  expect(sync.view()).toEqual({ state: "syncing", why: "waiting for the first image", since: 7 })
  const other = live()
  other.disconnected("connection closed", 99)
  expect(other.view()).toEqual({ state: "quarantined", why: "connection closed", since: 99 })
})

test("a snapshot stays as it was, and changing it changes nothing", () => {
  const sync = live()
  const snapshot = liveView(sync).snapshot()
  snapshot.bids[0] = 1
  sync.accept(diff(20, 21, 25, { asks: levels([101, 0], [103, 2]) }))
  expect(snapshot).toEqual({
    best: { bidPrice: 100, bidSize: 1, askPrice: 101, askSize: 1 },
    bids: levels([1, 1]),
    asks: levels([101, 1]),
    seq: 20,
    receivedAt: 20,
  })
  expect(liveView(sync).best()).toMatchObject({ bidPrice: 100, askPrice: 103 })
})

test("a book with an empty side has no best", () => {
  const sync = live()
  sync.accept(diff(20, 21, 25, { asks: levels([101, 0]) }))
  expect([sync.state, liveView(sync).best()]).toEqual(["live", undefined])
})
