import { afterAll, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { say } from "./terminal.ts"

const home = mkdtempSync(join(tmpdir(), "perigee-real-"))
afterAll(() => rmSync(home, { recursive: true }))

test("a replay refuses a bot that imports real time or chance by name, before anything of it runs", async () => {
  const file = join(home, "bot.ts")
  const tape = join(home, "a.tape")
  writeFileSync(tape, "")
  writeFileSync(
    join(home, "clock.ts"),
    'import { hrtime } from "node:process"; export const now = () => hrtime.bigint()',
  )
  writeFileSync(
    file,
    'import { now } from "./clock.ts"; const { randomUUID } = await import("node:crypto"); throw new Error(`ran ${now()} ${randomUUID()}`)',
  )
  const { status, err } = await say(["replay", file, "--tape", tape])
  expect(status).toBe(EXIT.usage)
  expect(err).toContain(`${file} cannot be replayed, for this stays real there:`)
  expect(err).toContain("bot.ts imports all of node:crypto: import by name what it needs of it")
  expect(err).toContain("clock.ts imports hrtime of node:process: use ctx.now(), ctx.after() and ctx.every()")
  expect(err).not.toContain("ran")
})
