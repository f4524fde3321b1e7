import { afterAll, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runtimes } from "../deno/runtime.ts"

const program = join(import.meta.dir, "stalling.ts")
const reviving = join(import.meta.dir, "reviving.ts")
const folder = mkdtempSync(join(tmpdir(), "watchdog-"))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(command: readonly string[]) {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe", cwd: folder })
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return { status: await child.exited, out, err: err.replace(/\d+ ms/, "N ms") }
}

describe.each(runtimes)("the watchdog on %s", (_name, command) => {
  test("ends a process whose handler spins, with its own status, naming strategy and event", async () => {
    expect(await run([...command, program, "spin"])).toEqual({
      status: 75,
      out: "",
      err: "perigee: the event loop has stood still for N ms in momentum.onTrade; ending with status 75\n",
    })
  })

  test("says so when no handler was running", async () => {
    const { status, err } = await run([...command, program, "spin-outside"])
    expect([status, err]).toEqual([
      75,
      "perigee: the event loop has stood still for N ms outside any strategy; ending with status 75\n",
    ])
  })

  test("leaves a loop alone that turns, and lets the process end", async () => {
    expect(await run([...command, program, "idle"])).toEqual({ status: 0, out: "done\n", err: "" })
  })
})

const stalled = /^perigee: the event loop has stood still for N ms in momentum\.onTrade; ending with status 75$/m
const told = (why: string, pause: string) => `the watchdog's worker broke down: ${why}; another starts in ${pause} ms\n`

describe.each(runtimes)("the watchdog's worker on %s", (_name, command) => {
  test.concurrent("that breaks down is replaced at once by one that knows the handlers' names", async () => {
    const { status, out, err } = await run([...command, reviving, "throws"])
    expect([status, out.replace(/down: .*;/, "down: why;")]).toEqual([75, told("why", "0")])
    expect(err).toMatch(stalled)
  })

  test.concurrent("that ends without a word is replaced", async () => {
    const { status, out, err } = await run([...command, reviving, "ends"])
    expect([status, out.replace(/down: .*;/, "down: why;")]).toEqual([75, told("why", "0")])
    expect(err).toMatch(stalled)
  })

  test.concurrent("that never lives is tried again after growing pauses, until one does", async () => {
    const { status, out, err } = await run([...command, reviving, "stillborn"])
    const why = out.split("\n")[0]!.replace(/^.*down: (.*);.*$/, "$1")
    expect(why).toContain("planned death")
    expect([status, out]).toEqual([75, told(why, "0") + told(why, "some") + told(why, "some")])
    expect(err).toMatch(stalled)
  })
})

describe("the watchdog", () => {
  test("works in a compiled and minified binary", async () => {
    const binary = join(folder, "stalling")
    const built = await run([process.execPath, "build", "--compile", "--minify", program, "--outfile", binary])
    expect(built).toMatchObject({ status: 0 })
    expect(await run([binary, "spin"])).toEqual({
      status: 75,
      out: "",
      err: "perigee: the event loop has stood still for N ms in momentum.onTrade; ending with status 75\n",
    })
  }, 60_000)
})
