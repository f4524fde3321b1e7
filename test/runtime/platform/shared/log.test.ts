import { describe, expect, test } from "bun:test"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ConfigError } from "../../../../src/runtime/domain/errors.ts"
import { pinoLog, type LogOptions } from "../../../../src/runtime/platform/shared/log.ts"
import type { Clock } from "../../../../src/runtime/ports.ts"

function capture(options: Omit<LogOptions, "clock" | "to"> = {}) {
  let now = 1_700_000_000_000_000
  const lines: string[] = []
  const clock: Clock = { now: () => now, monotonic: () => now, timer: () => ({ cancel() {} }), defer() {} }
  const log = pinoLog({ ...options, clock, to: (line) => lines.push(line) })
  return { log, lines, pass: (ms: number) => (now += ms * 1_000), parsed: () => lines.map((line) => JSON.parse(line)) }
}

describe("a log line", () => {
  test("is one line of JSON with level, time, event name and fields", () => {
    const { log, lines } = capture({ base: { bot: "demo" } })
    log.info("feed-live", { market: "binance-um", levels: new Float64Array([1, 2]) })
    expect(lines).toEqual([
      '{"level":"info","time":"2023-11-14T22:13:20.000Z","bot":"demo","market":"binance-um","levels":[1,2],"event":"feed-live"}\n',
    ])
  })

  test("below the level is not written", () => {
    const { log, lines } = capture({ level: "warn" })
    log.debug("a")
    log.info("b")
    log.warn("c")
    log.error("d")
    expect(lines).toHaveLength(2)
  })

  test("never holds a secret: not in the name, a field, deep inside, or in an error's cause", () => {
    const { log, lines } = capture({ secrets: ["hunter2-hunter2"] })
    log.hide('learned"later')
    const cause = new Error("signed with hunter2-hunter2")
    log.error("hunter2-hunter2", {
      text: 'key learned"later',
      deep: [{ url: "https://x/?k=hunter2-hunter2" }],
      error: new Error("failed", { cause }),
      apiKey: "whatever",
    })
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/hunter2|learned|whatever/)
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ error: { message: "failed" }, event: "[REDACTED]" })
  })

  test("of one name is limited, and the next one tells how many were suppressed", () => {
    const { log, pass, parsed } = capture({ burst: 3, windowMs: 1_000 })
    for (let line = 0; line < 10; line++) log.warn("gap", { line })
    log.warn("other")
    pass(1_000)
    log.warn("gap", { line: 10 })
    const told = parsed().map(({ event, line, suppressed }) => ({ event, line, suppressed }))
    expect(told).toEqual([
      { event: "gap", line: 0, suppressed: undefined },
      { event: "gap", line: 1, suppressed: undefined },
      { event: "gap", line: 2, suppressed: undefined },
      { event: "other", line: undefined, suppressed: undefined },
      { event: "gap", line: 10, suppressed: 7 },
    ])
  })

  test("that was suppressed last is told by flush, once", () => {
    const { log, parsed } = capture({ burst: 1 })
    for (let line = 0; line < 5; line++) log.info("gap")
    log.flush()
    log.flush()
    expect(parsed().map(({ event, of, suppressed }) => ({ event, of, suppressed }))).toEqual([
      { event: "gap", of: undefined, suppressed: undefined },
      { event: "log-suppressed", of: "gap", suppressed: 4 },
    ])
  })

  test("is in the file when the call returns", () => {
    const folder = mkdtempSync(join(tmpdir(), "log-"))
    const path = join(folder, "bot.log")
    const clock: Clock = { now: () => 0, monotonic: () => 0, timer: () => ({ cancel() {} }), defer() {} }
    pinoLog({ clock, to: path }).info("started")
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ event: "started", level: "info" })
    rmSync(folder, { recursive: true })
  })

  test("that has nowhere to go is a plain mistake", () => {
    const clock: Clock = { now: () => 0, monotonic: () => 0, timer: () => ({ cancel() {} }), defer() {} }
    expect(() => pinoLog({ clock, to: "/nowhere/at/all.log" })).toThrow(ConfigError)
  })
})
