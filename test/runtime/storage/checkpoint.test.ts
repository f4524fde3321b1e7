import { expect, test } from "bun:test"
import { statSync, writeFileSync } from "node:fs"
import type { Log, LogFields } from "../../../src/runtime/ports.ts"
import { Checkpointer, type CheckpointerState } from "../../../src/runtime/storage/checkpointer.ts"
import type { Connection } from "../../../src/runtime/storage/driver.ts"
import type { OpenJournal } from "../../../src/runtime/storage/journal.ts"
import { clientId, HandClock, open, order, tempDirectory } from "./support.ts"

const TURN_MS = 5
// A worker is given up after 30 ticks without an answer: here that is most of a second, enough for its start on a busy machine.
const CLOCK_MS = 200
const WAIT_TURNS_MAX = 2000

// The worker is real, so its answers take real time; the ticks that ask for them are the hand clock's.
async function tickUntil(
  clock: HandClock,
  journal: OpenJournal,
  holds: (state: CheckpointerState) => boolean,
): Promise<void> {
  for (let turn = 0; turn < WAIT_TURNS_MAX; turn++) {
    const state = journal.status().checkpoints
    if (state !== undefined && holds(state)) return
    clock.pass(CLOCK_MS)
    await Bun.sleep(TURN_MS)
  }
  throw new Error(`it never came to that: ${JSON.stringify(journal.status())}`)
}

function write(journal: OpenJournal, from: number, to: number): void {
  for (let count = from; count < to; count++) {
    journal.commit([{ kind: "order", order: order(count), cause: "submit", at: order(count).createdAt }])
    journal.commit([{ kind: "order", order: order(count, { state: "filled" }), cause: "fill", at: 1 }])
  }
}

function recordingLog(): { log: Log; lines: [string, LogFields | undefined][] } {
  const lines: [string, LogFields | undefined][] = []
  const write = (event: string, fields?: LogFields): void => void lines.push([event, fields])
  return { log: { debug: write, info: write, warn: write, error: write }, lines }
}

const walBytes = (file: string): number => statSync(`${file}-wal`).size

test("the worker moves pages once there are enough of them, and the WAL starts over instead of growing", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const journal = open(place.file(), { clock, checkpoint: { pagesMin: 100 } })
  let largest = 0
  for (let round = 0; round < 5; round++) {
    write(journal, round * 200, round * 200 + 200)
    largest = Math.max(largest, walBytes(place.file()))
    const before = journal.status().checkpoints?.passive ?? 0
    await tickUntil(clock, journal, (state) => state.passive > before && state.log === state.checkpointed)
  }
  // Five times as much was written as ever lay in the WAL.
  expect(walBytes(place.file())).toBeLessThan(largest * 1.5)
  expect(journal.status().checkpoints).toMatchObject({ isAlive: true, deaths: 0, inline: 0 })
  journal.close("stopped")
})

test("few pages are left alone until the bot is idle; then the WAL is cut to nothing, once", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const journal = open(place.file(), { clock })
  write(journal, 0, 3)
  await tickUntil(clock, journal, (state) => state.log > 0)
  expect(journal.status().checkpoints).toMatchObject({ passive: 0, truncate: 0 })
  await tickUntil(clock, journal, (state) => state.truncate === 1)
  expect(walBytes(place.file())).toBe(0)
  for (let tick = 0; tick < 50; tick++) clock.pass(1000)
  expect(journal.status().checkpoints?.truncate).toBe(1)
  journal.close("stopped")
})

test("the loop commits while the worker checkpoints, and nothing is lost", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const journal = open(place.file(), { clock, checkpoint: { pagesMin: 50, pagesMax: 400 } })
  for (let round = 0; round < 60; round++) {
    write(journal, round * 20, round * 20 + 20)
    clock.pass(1000)
    await Bun.sleep(1)
  }
  await tickUntil(clock, journal, (state) => state.passive + state.restart > 0)
  journal.close("stopped")
  const again = open(place.file())
  expect(again.orders({ limit: 5000 }).length).toBe(1200)
  expect(again.order(clientId(777))?.state).toBe("filled")
  again.close("stopped")
})

test("a worker that dies is noticed, told of, and replaced", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const { log, lines } = recordingLog()
  const worker = new URL("./dying-worker.ts", import.meta.url)
  const journal = open(place.file(), { clock, log, checkpoint: { worker, pagesMin: 10 } })
  write(journal, 0, 50)
  await tickUntil(clock, journal, (state) => state.deaths === 1)
  await tickUntil(clock, journal, (state) => state.passive === 1)
  expect(lines.map(([event]) => event)).toEqual(["checkpoint.died", "checkpoint.restarted"])
  expect(lines[0]?.[1]).toMatchObject({ file: place.file(), deaths: 1, why: expect.stringContaining("planned death") })
  expect(journal.status().checkpoints?.isAlive).toBe(true)
  journal.close("stopped")
})

test("a worker that dies after each answer is replaced after growing pauses", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const { log, lines } = recordingLog()
  const worker = new URL("./brief-worker.ts", import.meta.url)
  const journal = open(place.file(), { clock, log, checkpoint: { worker } })
  await tickUntil(clock, journal, (state) => state.deaths === 5)
  const pauses = lines.filter(([event]) => event === "checkpoint.died").map(([, fields]) => fields?.["restartMs"])
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
  journal.close("stopped")
})

test("a checkpoint that fails on the loop is told of, and ends nothing", () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const { log, lines } = recordingLog()
  writeFileSync(`${place.file()}-wal`, new Uint8Array(1_000_000))
  const full = {
    pragma() {
      throw new Error("database or disk is full")
    },
  } as unknown as Connection
  const checkpointer = new Checkpointer(place.file(), full, clock, log, { pagesMax: 10 })
  clock.pass(1_000)
  expect(lines).toEqual([["checkpoint.failed", { file: place.file(), why: "database or disk is full" }]])
  checkpointer.close()
})

test("where no worker can live the loop keeps the WAL within four times its bound", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const { log } = recordingLog()
  const checkpoint = { worker: new URL("./absent-worker.ts", import.meta.url), pagesMax: 50 }
  const journal = open(place.file(), { clock, log, checkpoint })
  write(journal, 0, 200)
  expect(walBytes(place.file())).toBeGreaterThan(4 * 50 * 4096)
  await tickUntil(clock, journal, (state) => state.inline >= 1 && state.deaths >= 1)
  expect(walBytes(place.file())).toBe(0)
  journal.close("stopped")
})

test("closing cuts the WAL and lets the worker go", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const journal = open(place.file(), { clock })
  write(journal, 0, 20)
  await tickUntil(clock, journal, (state) => state.log > 0)
  journal.close("stopped")
  expect(statSync(`${place.file()}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
  clock.pass(60_000)
  expect(journal.status().checkpoints?.isAlive).toBe(false)
})
