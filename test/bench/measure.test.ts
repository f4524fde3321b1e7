import { expect, test } from "bun:test"
import { middleRows, ratioRow, valueRow } from "../../bench/measure.ts"

test("of several processes each row is that of the one in the middle, whole", () => {
  const runs = [
    [ratioRow("a", "ns", 90, 100, "bare", 0.8), valueRow("b", "MB", 3, "")],
    [ratioRow("a", "ns", 70, 100, "bare", 0.8), valueRow("b", "MB", 1, "")],
    [ratioRow("a", "ns", 75, 50, "bare", 0.8), valueRow("b", "MB", 2, "")],
  ]
  const [a, b] = middleRows(runs)
  expect(a).toEqual(ratioRow("a", "ns", 90, 100, "bare", 0.8))
  expect(a?.held).toBe(false)
  expect(b?.value).toBe(2)
})

test("one process is the middle of itself, and none has no rows", () => {
  const only = [valueRow("b", "MB", 3, "")]
  expect(middleRows([only])).toEqual(only)
  expect(middleRows([])).toEqual([])
})
