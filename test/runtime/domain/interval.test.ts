import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { INTERVALS } from "../../../src/runtime/domain/events.ts"
import { candlesBetween, nextOpenAt } from "../../../src/runtime/domain/interval.ts"

const at = (text: string): number => Date.parse(text) * 1_000

describe("an interval", () => {
  test("of every length is followed by the next", () => {
    const from = at("2026-11-23T00:00:00Z")
    const hours = {
      "1s": 1 / 3_600,
      "1m": 1 / 60,
      "3m": 0.05,
      "5m": 1 / 12,
      "15m": 0.25,
      "30m": 0.5,
      "1M": 8 * 24,
    } as const
    for (const interval of INTERVALS) {
      const known = hours[interval as keyof typeof hours]
      const unit = { h: 1, d: 24, w: 168 }[interval.at(-1)!] ?? 0
      const wanted = known ?? Number(interval.slice(0, -1)) * unit
      expect([interval, nextOpenAt(interval, from)]).toEqual([interval, from + Math.round(wanted * 3_600_000_000)])
    }
  })

  test("property: a month is followed by the calendar's next one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1971, max: 2399 }), fc.integer({ min: 0, max: 11 }), (year, month) => {
        expect(nextOpenAt("1M", Date.UTC(year, month, 1) * 1_000)).toBe(Date.UTC(year, month + 1, 1) * 1_000)
      }),
    )
  })

  test("counts the candles that open from one point on, up to another", () => {
    const from = at("2026-01-01T00:00:00Z")
    expect(candlesBetween("1M", from, at("2027-01-01T00:00:00Z"))).toBe(12)
    expect(candlesBetween("1m", from, from + 60_000_000 * 7)).toBe(7)
    expect([candlesBetween("1m", from, from), candlesBetween("1m", from, from - 1)]).toEqual([0, 0])
  })
})
