import { describe, expect, test } from "bun:test"
import { diff, image, levels, live, lob, syncOf } from "./lob.ts"

const outcome = (sync: ReturnType<typeof syncOf>) => ({
  state: sync.state,
  why: sync.why,
  since: sync.since,
  wanted: sync.wanted,
})

describe("a book built from diffs and a requested image", () => {
  test("asks for the image once diffs arrive, buffers them, drops those it covers, and is live on the first that bridges", () => {
    const sync = syncOf()
    expect(outcome(sync)).toEqual({ state: "syncing", why: "not subscribed yet", since: 0, wanted: undefined })
    sync.connected(1)
    expect(sync.wanted).toBeUndefined()
    expect(sync.accept(diff(1, 2, 4, { bids: levels([90, 9]) }))).toBe("buffered")
    expect(sync.wanted).toBe("image")
    sync.asked()
    expect(sync.wanted).toBeUndefined()
    expect(sync.accept(diff(4, 6, 12, { bids: levels([99, 2]) }))).toBe("buffered")
    expect(sync.accept(diff(12, 13, 15, { asks: levels([101, 0], [102, 3]) }))).toBe("buffered")
    expect(sync.image(image(10), 20)).toBe("applied")
    expect(outcome(sync)).toEqual({ state: "live", why: "", since: 12, wanted: undefined })
    expect(sync.book.levels(9)).toEqual({ bids: levels([100, 1], [99, 2]), asks: levels([102, 3]) })
    expect([sync.seq, sync.receivedAt, sync.counters.applied, sync.counters.ignored]).toEqual([15, 15, 2, 1])
  })

  test("whose image is newer than every buffered diff waits for the one that reaches it", () => {
    const sync = syncOf()
    sync.connected(1)
    sync.accept(diff(1, 2, 4))
    sync.asked()
    sync.image(image(10), 5)
    expect([sync.state, sync.wanted]).toEqual(["syncing", undefined])
    expect(sync.accept(diff(4, 5, 8))).toBe("ignored")
    expect(sync.accept(diff(8, 9, 14))).toBe("applied")
    expect(sync.state).toBe("live")
  })

  test("is live on an image taken just between two diffs", () => {
    const sync = syncOf()
    sync.connected(1)
    sync.accept(diff(1, 2, 10))
    sync.asked()
    sync.image(image(10), 5)
    expect(sync.state).toBe("live")
    const other = syncOf()
    other.connected(1)
    other.accept(diff(10, 14, 20))
    other.asked()
    other.image(image(10), 25)
    expect([other.state, other.seq]).toEqual(["live", 20])
  })

  test("asks again when the image is older than what is buffered, and keeps the buffer", () => {
    const sync = syncOf()
    sync.connected(1)
    sync.accept(diff(20, 21, 25))
    sync.asked()
    expect(sync.image(image(10), 26)).toBe("lost")
    expect(outcome(sync)).toMatchObject({ state: "syncing", why: "image 10 is older than update 20", wanted: "image" })
    sync.asked()
    sync.image(image(22), 27)
    expect([sync.state, sync.seq]).toEqual(["live", 25])
  })

  test("is not live for a moment on diffs that were buffered before a gap", () => {
    const sync = syncOf()
    sync.connected(1)
    sync.accept(diff(1, 2, 4))
    sync.accept(diff(8, 9, 12))
    sync.asked()
    expect(sync.image(image(3), 13)).toBe("lost")
    expect({ epoch: sync.epoch, images: sync.counters.images, why: sync.why }).toEqual({
      epoch: 0,
      images: 0,
      why: "image 3 is older than update 8",
    })
  })

  test("asks again after a failed request", () => {
    const sync = syncOf()
    sync.connected(1)
    sync.accept(diff(1, 2, 4))
    sync.asked()
    sync.imageFailed("timeout", 9)
    expect(outcome(sync)).toMatchObject({ state: "syncing", why: "timeout", wanted: "image" })
  })

  test("keeps no more diffs than it may, and never bridges across the ones it gave up", () => {
    const sync = syncOf({ bufferedMax: 3 })
    sync.connected(1)
    for (let last = 2; last <= 6; last++) sync.accept(diff(last - 1, last, last))
    sync.asked()
    expect(sync.image(image(3), 9)).toBe("lost")
    expect(sync.why).toBe("image 3 is older than update 4")
  })
})

describe("a live book", () => {
  test("ignores a duplicate of the last update", () => {
    const sync = live()
    expect(sync.accept(diff(12, 14, 20, { bids: levels([100, 0]) }))).toBe("ignored")
    expect([sync.state, sync.book.best()?.bidPrice]).toEqual(["live", 100])
  })

  test("is quarantined at once by a gap, asks for an image, and is live again on it", () => {
    const sync = live()
    expect(sync.accept(diff(25, 26, 30))).toBe("lost")
    expect(outcome(sync)).toEqual({
      state: "quarantined",
      why: "update 25..30 does not follow 20",
      since: 30,
      wanted: "image",
    })
    sync.asked()
    expect(sync.accept(diff(30, 31, 40))).toBe("buffered")
    sync.image(image(28, 50, 51), 45)
    expect([sync.state, sync.since, sync.seq, sync.book.best()?.bidPrice]).toEqual(["live", 30, 40, 50])
    expect(sync.counters.gaps).toBe(1)
  })

  test("is quarantined by an update delayed behind the next, and does not bridge over it", () => {
    const sync = live()
    const delayed = diff(20, 21, 25)
    sync.accept(diff(25, 26, 30))
    expect(sync.accept(delayed)).toBe("ignored")
    sync.asked()
    expect(sync.image(image(22), 31)).toBe("lost")
    expect(outcome(sync)).toMatchObject({ state: "quarantined", wanted: "image" })
  })

  test("is quarantined by an older update that is not the last one", () => {
    const sync = live()
    sync.accept(diff(20, 21, 25))
    expect(sync.accept(diff(12, 14, 20))).toBe("lost")
    expect(sync.why).toBe("update 12..20 came after 25")
  })

  test("is quarantined by an update without numbers", () => {
    const sync = live()
    expect(sync.accept(lob("incremental", {}))).toBe("lost")
    expect(sync.why).toBe("an update without number came after 20")
  })

  test("is quarantined when it crosses", () => {
    const sync = live()
    expect(sync.accept(diff(20, 21, 25, { bids: levels([101, 5]) }))).toBe("lost")
    expect(outcome(sync)).toMatchObject({
      state: "quarantined",
      why: "crossed: bid 101 is not below ask 101",
      wanted: "image",
    })
  })

  test("is quarantined by a level that is none, naming it", () => {
    const sync = live()
    expect(sync.accept(diff(20, 21, 25, { bids: levels([99, Number.NaN]) }))).toBe("lost")
    expect(sync.why).toBe("book level 0 has price 99 and size NaN")
  })

  test("that fell silent is quarantined and starts anew", () => {
    const sync = live()
    sync.silent("nothing for 5 s", 99)
    expect(outcome(sync)).toEqual({ state: "quarantined", why: "nothing for 5 s", since: 99, wanted: undefined })
    sync.accept(diff(20, 21, 25))
    expect(sync.wanted).toBe("image")
  })

  test("that lost its connection is quarantined, hears nothing, and syncs again after the next", () => {
    const sync = live()
    sync.disconnected("connection closed", 99)
    expect(outcome(sync)).toEqual({ state: "quarantined", why: "connection closed", since: 99, wanted: undefined })
    expect(sync.accept(diff(20, 21, 25))).toBe("ignored")
    sync.connected(100)
    sync.accept(diff(30, 31, 40))
    expect(sync.wanted).toBe("image")
    sync.asked()
    sync.image(image(35), 50)
    expect([sync.state, sync.seq]).toEqual(["live", 40])
  })

  test("that is late stays in step behind its quarantine, and is live again as soon as data are fresh", () => {
    const sync = live()
    sync.stalled("800 ms late", 99)
    expect(outcome(sync)).toEqual({ state: "quarantined", why: "800 ms late", since: 99, wanted: undefined })
    expect(sync.accept(diff(20, 21, 25, { bids: levels([100, 7]) }))).toBe("applied")
    sync.fresh(120)
    expect([sync.state, sync.since, sync.book.best()?.bidSize]).toEqual(["live", 120, 7])
  })

  test("with a gap during a stall is not live when data are fresh", () => {
    const sync = live()
    sync.stalled("800 ms late", 99)
    sync.accept(diff(24, 25, 26))
    sync.fresh(120)
    expect([sync.state, sync.wanted]).toEqual(["quarantined", "image"])
  })

  test("that becomes in step during a stall waits for fresh data", () => {
    const sync = syncOf()
    sync.connected(1)
    sync.stalled("800 ms late", 2)
    sync.accept(diff(5, 6, 12))
    sync.asked()
    sync.image(image(10), 13)
    expect([sync.state, sync.why]).toEqual(["quarantined", "800 ms late"])
    sync.fresh(14)
    expect(sync.state).toBe("live")
  })

  test("takes no image it did not wait for", () => {
    const sync = live()
    expect(sync.image(image(99, 1, 2), 30)).toBe("ignored")
    expect(sync.book.best()?.bidPrice).toBe(100)
  })

  test("compares numbers past 2^53 exactly", () => {
    const sync = syncOf()
    sync.connected(1)
    sync.accept(
      lob("incremental", { prev: "9007199254740992001", first: "9007199254740992002", last: "9007199254740992005" }),
    )
    sync.asked()
    sync.image({ ...image(0), sequence: "9007199254740992003" }, 2)
    expect(sync.state).toBe("live")
    sync.accept(
      lob("incremental", { prev: "9007199254740992004", first: "9007199254740992005", last: "9007199254740992006" }),
    )
    expect(sync.state).toBe("quarantined")
  })
})

describe("other venues' rules", () => {
  test("adjacent numbers: covered diffs are dropped, the bridge may overlap the image, then each begins where the last ended", () => {
    const sync = syncOf({ rule: { image: "rest", chain: "adjacent" } })
    const spot = (first: number, last: number) => lob("incremental", { first, last })
    sync.connected(1)
    for (const [first, last] of [
      [1, 4],
      [5, 9],
      [10, 14],
    ] as const)
      sync.accept(spot(first, last))
    sync.asked()
    sync.image(image(7), 2)
    expect([sync.state, sync.seq, sync.counters.applied]).toEqual(["live", 14, 2])
    expect(sync.accept(spot(15, 15))).toBe("applied")
    expect(sync.accept(spot(15, 15))).toBe("ignored")
    expect(sync.accept(spot(17, 18))).toBe("lost")
    sync.asked()
    sync.image(image(16), 3)
    expect([sync.state, sync.seq]).toEqual(["live", 18])
  })

  test("an image on the stream makes it live; a gap wants a new subscription", () => {
    const sync = syncOf({ rule: { image: "stream", chain: "prev" } })
    sync.connected(1)
    expect(sync.accept(lob("incremental", { prev: 1, last: 2 }))).toBe("ignored")
    sync.accept(lob("snapshot", { prev: -1, last: 5 }, { bids: levels([100, 1]), asks: levels([101, 1]) }))
    expect(sync.state).toBe("live")
    expect(sync.accept(lob("incremental", { prev: 5, last: 9 }))).toBe("applied")
    expect(sync.accept(lob("heartbeat", { prev: 9, last: 9 }))).toBe("applied")
    // After a reset the venue's numbers go on from a smaller one.
    expect(sync.accept(lob("incremental", { prev: 9, last: 3 }))).toBe("applied")
    expect(sync.accept(lob("incremental", { prev: 4, last: 6 }))).toBe("lost")
    expect(outcome(sync)).toMatchObject({ state: "quarantined", wanted: "subscription" })
    sync.asked()
    sync.accept(lob("snapshot", { prev: -1, last: 8 }, { bids: levels([99, 1]), asks: levels([101, 1]) }))
    expect([sync.state, sync.book.best()?.bidPrice]).toEqual(["live", 99])
  })

  test("whole images replace one another; a crossed one is quarantined until the next", () => {
    const sync = syncOf({ rule: { image: "images", chain: "none" } })
    const whole = (bid: number, ask: number) => lob("snapshot", {}, { bids: levels([bid, 1]), asks: levels([ask, 1]) })
    sync.connected(1)
    sync.accept(whole(100, 101))
    sync.accept(whole(98, 99))
    expect([sync.state, sync.book.bids.count, sync.book.best()?.bidPrice]).toEqual(["live", 1, 98])
    sync.accept(whole(99, 98))
    expect([sync.state, sync.wanted]).toEqual(["quarantined", undefined])
    sync.accept(whole(97, 98))
    expect(sync.state).toBe("live")
  })
})
