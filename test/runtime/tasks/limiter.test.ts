import { describe, expect, test } from "bun:test"
import { Limiter, type Need, type Priority } from "../../../src/runtime/tasks/limiter.ts"
import { VirtualClock } from "./scripted/clock.ts"
import { scriptedVenue } from "./scripted/venue.ts"

const limits = { ...scriptedVenue().limits, weightPerMinute: 100, ordersPer10s: 3, ordersPerMinute: 5 }
const need = (priority: Priority, weight = 10): Need => ({ priority, weight, isOrder: priority === "place" })
const FOREVER = Number.MAX_SAFE_INTEGER

/** A limiter, and in which order what was asked of it left or was refused. */
function setup() {
  const clock = new VirtualClock()
  const limiter = new Limiter(clock, limits)
  const left: string[] = []
  const ask = (name: string, wanted: Need, untilAt = FOREVER): void => {
    if (limiter.tryTake(wanted)) left.push(name)
    else
      limiter.wait(
        wanted,
        untilAt,
        () => left.push(name),
        (why) => left.push(`${name}: ${why}`),
      )
  }
  return { clock, limiter, left, ask }
}

describe("the limiter", () => {
  test("lets reads fill four fifths of the weight and cancels all of it", () => {
    const { left, ask } = setup()
    for (let count = 1; count <= 10; count++) ask(`read ${count}`, need("read"))
    ask("cancel", need("cancel", 15))
    expect(left).toHaveLength(9)
    expect(left.at(-1)).toBe("cancel")
  })

  test("lets the waiting leave when the span ends, cancels before places before reads", async () => {
    const { clock, limiter, left, ask } = setup()
    expect(limiter.tryTake(need("cancel", 100))).toBe(true)
    ask("read", need("read"))
    ask("place", need("place"))
    ask("cancel", need("cancel"))
    expect(left).toEqual([])
    await clock.advance(60_000)
    expect(left).toEqual(["cancel", "place", "read"])
  })

  test("counts orders by themselves, over ten seconds and a minute", async () => {
    const { clock, left, ask } = setup()
    for (let count = 1; count <= 6; count++) ask(String(count), need("place", 0))
    ask("read", need("read"))
    expect(left).toEqual(["1", "2", "3", "read"])
    await clock.advance(10_000)
    expect(left).toEqual(["1", "2", "3", "read", "4", "5"])
    await clock.advance(50_000)
    expect(left.at(-1)).toBe("6")
  })

  test.each([-3_600_000, 3_600_000])(
    "keeps its spans, its silence and what waits where the wall clock is set by %d ms",
    async (byMs) => {
      const { clock, limiter, left, ask } = setup()
      for (let count = 1; count <= 8; count++) ask(`read ${count}`, need("read"))
      clock.set(byMs)
      ask("beyond", need("read"), clock.now() + 90_000_000)
      expect(left).toHaveLength(8)
      clock.set(-byMs)
      await clock.advance(60_000)
      expect(left.at(-1)).toBe("beyond")

      limiter.pause(20_000)
      ask("after the silence", need("read"), clock.now() + 30_000_000)
      clock.set(byMs)
      await clock.advance(19_000)
      expect([left.at(-1), limiter.pausedUntil]).toEqual(["beyond", clock.now() + 1_000_000])
      await clock.advance(2_000)
      expect([left.at(-1), limiter.pausedUntil]).toEqual(["after the silence", 0])
    },
  )

  test("forgets what was counted long before the clock was set", async () => {
    const { clock, limiter, left, ask } = setup()
    limiter.tryTake(need("cancel", 100))
    await clock.advance(600_000)
    clock.set(3_605_000)
    ask("read", need("read"))
    expect(left).toEqual(["read"])
  })

  test("keeps questions to half of the weight, behind all that is the runtime's own, and a hundred of them at most", async () => {
    const { clock, left, ask } = setup()
    for (let count = 1; count <= 6; count++) ask(`asked ${count}`, need("ask"))
    expect(left).toEqual(["asked 1", "asked 2", "asked 3", "asked 4", "asked 5"])
    ask("read", need("read"))
    ask("place", need("place"))
    expect(left.slice(5)).toEqual(["read", "place"])
    for (let count = 7; count <= 106; count++) ask(`asked ${count}`, need("ask"))
    expect(left.slice(7)).toEqual(["asked 106: rate limit: 100 questions are waiting for room already"])
    await clock.advance(60_000)
    expect(left.slice(8)).toEqual(["asked 6", "asked 7", "asked 8", "asked 9", "asked 10"])
  })

  test("counts questions without a weight by themselves, and nothing else's", async () => {
    const { clock, left, ask } = setup()
    const free = need("ask", 0)
    for (let count = 1; count <= 301; count++) ask(String(count), free)
    expect(left).toHaveLength(300)
    ask("cancel", need("cancel", 0))
    ask("read", need("read", 0))
    expect(left.slice(300)).toEqual(["cancel", "read"])
    await clock.advance(300_000)
    expect(left.at(-1)).toBe("301")
  })

  test("believes the venue's own count, plus what is still under way", () => {
    const { limiter } = setup()
    const first = need("read", 1)
    limiter.tryTake(first)
    limiter.tryTake(need("read", 5))
    limiter.answered(first, { weight: 70 })
    expect(limiter.state()).toMatchObject({ weightUsed: 75 })
    expect(limiter.tryTake(need("read", 5))).toBe(true)
    expect(limiter.tryTake(need("read", 1))).toBe(false)
  })

  test("refuses what could not leave before its time is up", async () => {
    const { clock, limiter, left, ask } = setup()
    limiter.tryTake(need("cancel", 100))
    ask("place", need("place"), clock.now() + 2_000_000)
    await clock.advance(1_999)
    expect(left).toEqual([])
    await clock.advance(2)
    expect(left).toEqual(["place: rate limit: no room before the request's time was up"])
  })

  test("is silent when the venue asks for it, and refuses at once what cannot wait so long", async () => {
    const { clock, limiter, left, ask } = setup()
    limiter.pause(30_000)
    ask("cancel", need("cancel"), clock.now() + 2_000_000)
    ask("read", need("read"))
    expect(left).toEqual(["cancel: rate limit: the venue wants 30000 ms of silence"])
    await clock.advance(29_999)
    expect(left).toHaveLength(1)
    await clock.advance(2)
    expect(left.at(-1)).toBe("read")
  })

  test("refuses those already waiting when a silence begins that is too long for them", () => {
    const { clock, limiter, left, ask } = setup()
    limiter.tryTake(need("cancel", 100))
    ask("place", need("place"), clock.now() + 2_000_000)
    limiter.pause(30_000)
    expect(left).toEqual(["place: rate limit: the venue wants 30000 ms of silence"])
  })

  test("lets one request pass that is heavier than its share, when nothing else has used the span", () => {
    const { limiter } = setup()
    expect(limiter.tryTake(need("read", 90))).toBe(true)
    expect(limiter.tryTake(need("read", 1))).toBe(false)
  })

  test("forgets who leaves the queue, and lets those behind go", async () => {
    const { clock, limiter, left, ask } = setup()
    limiter.tryTake(need("cancel", 50))
    const leave = limiter.wait(
      need("read", 60),
      FOREVER,
      () => left.push("heavy"),
      () => left.push("refused"),
    )
    ask("light", need("read"))
    expect(left).toEqual([])
    leave()
    leave()
    await clock.advance(1)
    expect(left).toEqual(["light"])
    await clock.advance(120_000)
    expect(left).toEqual(["light"])
  })

  test("has room again for what is given back", async () => {
    const { clock, limiter, left, ask } = setup()
    const before = limiter.state()
    for (let count = 0; count < 3; count++) limiter.tryTake(need("place"))
    ask("fourth", need("place"))
    expect(left).toEqual([])
    limiter.giveBack(need("place"))
    await clock.advance(1)
    expect(left).toEqual(["fourth"])
    for (let count = 0; count < 3; count++) limiter.giveBack(need("place"))
    expect(limiter.state()).toEqual(before)
  })
})
