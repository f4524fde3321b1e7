import { expect, test } from "bun:test"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { isHeld } from "../../../src/runtime/storage/lock.ts"
import { clientId, complaint, fill, open, tempDirectory } from "./support.ts"

const program = join(import.meta.dir, "writer-process.ts")

interface Writing {
  readonly child: ChildProcessByStdio<null, Readable, null>
  /** Resolves once so many lines were printed. */
  printed(lines: number): Promise<void>
  /** Kills it and tells the last order it had promised. */
  kill(): Promise<number>
}

function startWriter(file: string, from: number): Writing {
  const child = spawn(process.execPath, [program, file, String(from)], { stdio: ["ignore", "pipe", "inherit"] })
  let text = ""
  let wake = (): void => undefined
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString()
    wake()
  })
  const ended = new Promise<void>((resolve) => void child.on("close", () => resolve()))
  return {
    child,
    async printed(lines) {
      while (text.split("\n").length <= lines) await new Promise<void>((resolve) => (wake = resolve))
    },
    async kill() {
      child.kill("SIGKILL")
      await ended
      const whole = text.slice(0, text.lastIndexOf("\n")).split("\n")
      return Number(whole.at(-1))
    },
  }
}

test("SIGKILL in the middle of committing loses nothing that was promised, again and again", async () => {
  using place = tempDirectory()
  let next = 1
  for (let round = 0; round < 4; round++) {
    const writer = startWriter(place.file(), next)
    await writer.printed(50 + round * 170)
    const promised = await writer.kill()
    expect(promised).toBeGreaterThan(next)
    const journal = open(place.file())
    expect(journal.restored.run).toBe(2 * round + 2)
    for (let count = next; count <= promised; count++) {
      expect(journal.order(clientId(count))?.state).toBe("filled")
      expect(journal.hasFill("binance-um", "BTC_USDT_PERP", fill(count).tradeId, fill(count).orderId)).toBe(true)
    }
    // Every turn is whole: its state, its fill and the position agree on how far it came.
    const [own] = journal.restored.own
    const reached = own?.fills ?? 0
    expect(reached).toBeGreaterThanOrEqual(promised)
    expect(own?.size).toBe(String(reached / 1000))
    expect(journal.restored.state).toEqual([{ strategy: "s", key: "count", value: String(reached) }])
    const unfinished = journal.restored.orders.map((order) => order.clientId)
    expect([[], [clientId(reached + 1)]]).toContainEqual(unfinished)
    journal.close("checked")
    next = reached + 1
  }
}, 60_000)

test("a second process on the same database is refused with the first one's pid; when that one is killed, the lock is gone", async () => {
  using place = tempDirectory()
  const writer = startWriter(place.file(), 1)
  await writer.printed(3)
  expect(isHeld(place.file())).toBe(true)
  expect(complaint(() => open(place.file()))).toBe(
    `JournalError: ${place.file()} is in use by another process (pid ${writer.child.pid}); stop it first, or choose another file`,
  )
  await writer.kill()
  expect(isHeld(place.file())).toBe(false)
  open(place.file()).close("took over")
})
