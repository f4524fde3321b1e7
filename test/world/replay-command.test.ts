// `perigee run --record` and `perigee replay` as their users run them: processes of their own, a bot file in a folder elsewhere.
import { afterAll, expect, test } from "bun:test"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { folder, keysOf, run, startSimulator } from "./program.ts"

const home = folder()
afterAll(() => home.remove())
const file = (name: string): string => join(home.path, name)

const BOT = `
import { book, bot, orders, trades } from "perigee"

const INST = "BTC_USDT_PERP"
const diffs = book("binance-um", [INST])
const tape = trades("binance-um", [INST], { history: 100 })
const router = orders("binance-um")
let heard = 0

export default bot({ name: "taker", account: "exclusive", limits: { orderNotionalMax: "2000" } })
  .tasks([diffs, tape, router])
  .strategy({
    onTrade({ data }, ctx) {
      if (data.isHistory === true && heard === 0) ctx.log.debug("warm")
      if (data.isHistory || ++heard % 10 !== 0 || ctx.openOrders().length > 0) return
      ctx.submit(router, { inst: INST, side: heard % 20 === 0 ? "BUY" : "SELL", size: "0.010", type: "market" })
    },
  }, { on: [tape] })
`

test("a recorded run is replayed to the same trace, and a changed byte is found with its first line", async () => {
  writeFileSync(file("taker.ts"), BOT)
  const simulator = await startSimulator(["--rate", "300"])
  try {
    const words = ["run", "taker.ts", "--live", "--endpoint", simulator.url, "--db", "taker.db", "--http-port", "0"]
    const live = await run([...words, "--record", "a.tape", "--seconds", "4", "--json", "--log", "warn"], {
      cwd: home.path,
      env: keysOf(simulator),
    })
    expect([live.status, live.err]).toEqual([0, ""])
    const { events } = JSON.parse(live.out) as { events: number }
    expect(events).toBeGreaterThan(200)
  } finally {
    simulator.program.signal("SIGTERM")
    await simulator.program.ended
  }
  const replay = (tape: string, ...more: string[]) =>
    run(["replay", "taker.ts", "--tape", tape, "--json", ...more], { cwd: home.path })
  const one = await replay("a.tape", "--trace", file("one"))
  expect([one.status, one.err]).toEqual([0, ""])
  const summary = JSON.parse(one.out) as Record<string, number>
  expect(summary).toMatchObject({ bookGaps: 0, unknownOrders: 0, why: "the tape ends" })
  expect(summary["fills"]).toBeGreaterThan(1)

  const again = await replay("a.tape", "--same-as", file("one"))
  expect([again.status, again.err]).toEqual([0, ""])
  const stable = ({ readyMs, events, orders, fills, pnl }: Record<string, unknown>) => ({
    readyMs,
    events,
    orders,
    fills,
    pnl,
  })
  expect(stable(JSON.parse(again.out) as Record<string, unknown>)).toEqual(stable(summary))

  const text = readFileSync(file("a.tape"), "utf8")
  const price = text.lastIndexOf('"p":"', text.lastIndexOf('"e":"aggTrade"') + 80) + 9
  writeFileSync(file("b.tape"), `${text.slice(0, price)}${text[price] === "1" ? "2" : "1"}${text.slice(price + 1)}`)
  const other = await replay("b.tape", "--same-as", file("one"))
  expect(other.status).toBe(1)
  expect(other.err).toMatch(
    /^line \d+ differs from .*one:\n {2}now: {4}\d+ socket \d+ received \w+\n {2}before: \d+ socket /,
  )

  // The whole tape: on a busy machine the history it holds came late.
  const loud = await replay("a.tape", "--log", "debug")
  const warm = loud.err.split("\n").find((line) => line.includes('"warm"'))
  expect(warm, loud.err.slice(-2_000)).toBeDefined()
  const [recordedAt = ""] = text.split(" ", 1)
  const at = Date.parse((JSON.parse(warm ?? "") as { time: string }).time)
  expect(Math.abs(at - Number(recordedAt) / 1e6)).toBeLessThan(10_000)

  const words = await run(["replay", "taker.ts", "--tape", "a.tape", "--seconds", "1"], { cwd: home.path })
  expect(words.err).toBe("")
  expect(words.out).toMatch(/ended: its time is up\n\d+ events?, \d+ orders?, \d+ fills?, PnL /)
}, 60_000)
