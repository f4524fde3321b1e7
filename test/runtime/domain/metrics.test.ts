import { expect, test } from "bun:test"
import { type Gauge, Histogram, Metrics } from "../../../src/runtime/domain/metrics.ts"

test("quantiles of a histogram are within 5 % of the sorted truth", () => {
  const histogram = new Histogram()
  const truth: number[] = []
  for (let i = 1; i <= 20_000; i++) {
    const us = (i * 7919) % 20_011
    truth.push(us)
    histogram.record(us)
  }
  truth.sort((a, b) => a - b)
  for (const q of [0.1, 0.5, 0.9, 0.99, 0.999]) {
    const exact = truth[Math.ceil(q * truth.length) - 1] ?? 0
    expect(Math.abs(histogram.quantile(q) - exact) / exact).toBeLessThan(0.05)
  }
})

test("a histogram counts exactly up to bounds that are powers of two", () => {
  const histogram = new Histogram()
  for (const us of [0, 1, 2, 3, 4, 5, 8, 1024, 1025, 2 ** 40]) histogram.record(us)
  expect(histogram.upTo([1, 2, 4, 8, 1024, 2048])).toEqual([2, 3, 5, 7, 8, 9])
  expect({ count: histogram.count, max: histogram.max }).toEqual({ count: 10, max: 2 ** 40 })
})

test("an empty histogram reads zero, and a quantile never exceeds the greatest value seen", () => {
  const histogram = new Histogram()
  expect(histogram.quantile(0.99)).toBe(0)
  histogram.record(1000)
  expect(histogram.quantile(0.5)).toBeLessThanOrEqual(1000)
  expect(histogram.quantile(1)).toBeGreaterThan(950)
})

test("a duration below zero counts as zero", () => {
  const histogram = new Histogram()
  histogram.record(-5)
  expect({ count: histogram.count, sum: histogram.sum, first: histogram.counts[0] }).toEqual({
    count: 1,
    sum: 0,
    first: 1,
  })
})

test("the same metric twice, or a name of two kinds, is a programmer's mistake", () => {
  const metrics = new Metrics()
  metrics.counter("perigee_orders_total", "Orders.", { market: "okx" })
  metrics.counter("perigee_orders_total", "Orders.", { market: "binance-um" })
  expect(() => metrics.counter("perigee_orders_total", "Orders.", { market: "okx" })).toThrow("exists already")
  expect(() => metrics.gauge("perigee_orders_total", "Orders.")).toThrow("is a counter, not a gauge")
})

test("every duration lies in the first bucket whose bound it does not pass, on the bound and beside it", () => {
  const bounds = Array.from({ length: 256 }, (_, at) => 2 ** (at / 8))
  const beside = bounds.flatMap((bound) => [bound * (1 - 2 ** -52), bound, bound * (1 + 2 ** -52)])
  const between = Array.from({ length: 4_000 }, (_, at) => 1.0055 ** at * 0.9)
  for (const us of [...beside, ...between, 0.5, Infinity]) {
    const histogram = new Histogram()
    histogram.record(us)
    const expected = bounds.findIndex((bound) => us <= bound)
    expect([us, histogram.counts.indexOf(1)]).toEqual([us, expected === -1 ? bounds.length : expected])
  }
})

test("a reading has the value of the moment it is asked for", () => {
  const metrics = new Metrics()
  let waiting = 1
  metrics.reading("perigee_waiting_events", "Events.", () => waiting)
  const value = () =>
    metrics.families.get("perigee_waiting_events")?.samples.map(({ metric }) => (metric as Gauge).value)
  expect(value()).toEqual([1])
  waiting = 2
  expect(value()).toEqual([2])
})
