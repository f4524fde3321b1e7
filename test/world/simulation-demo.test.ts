// `perigee demo --virtual` as its users run it: processes of their own.
import { afterAll, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { folder, run } from "./program.ts"

const home = folder()
afterAll(() => home.remove())
const file = (name: string): string => join(home.path, name)
const demo = (seed: number, ...words: string[]) =>
  run(["demo", "--virtual", "--json", "--seed", String(seed), "--seconds", "15", ...words])

test("two processes with one seed write one trace, and the first line of another seed's is named", async () => {
  const one = await demo(7, "--trace", file("one"))
  expect(one).toMatchObject({ status: 0, err: "" })
  const summary = JSON.parse(one.out) as Record<string, unknown>
  expect(summary).toMatchObject({ bookGaps: 0, unknownOrders: 0, why: "its time is up" })
  expect(summary["events"]).toBeGreaterThan(1_000)
  const again = await demo(7, "--trace", file("two"), "--same-as", file("one"))
  expect(again).toMatchObject({ status: 0, err: "" })
  expect(readFileSync(file("two"), "utf8")).toBe(readFileSync(file("one"), "utf8"))
  const other = await demo(8, "--same-as", file("one"))
  expect(other.status).toBe(1)
  expect(other.err).toMatch(/^line \d+ differs from .*one:\n {2}now: {4}\d+ .*\n {2}before: \d+ /)
}, 60_000)

test("what a virtual run cannot have is refused, and what only it can have", async () => {
  const [virtual, real] = await Promise.all([demo(1, "--db", "x"), run(["demo", "--trace", "x"])])
  expect([virtual.status, virtual.err]).toEqual([2, "perigee demo: --virtual takes no --db\n"])
  expect([real.status, real.err]).toEqual([2, "perigee demo: a run in real time takes no --trace\n"])
}, 30_000)
