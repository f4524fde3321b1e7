import { describe, expect, test } from "bun:test"
import { join } from "node:path"
import { deno, hasDeno } from "./runtime.ts"

const folder = join(import.meta.dir, "..", "shared")

/** The suites that judge the ports on Bun, on Deno: each test's name with what went wrong, or null. */
async function onDeno(suite: string): Promise<Record<string, string | null>> {
  const map = join(import.meta.dir, "suite.json")
  const words = ["--import-map", map, join(import.meta.dir, "suite.ts"), join(folder, `${suite}.test.ts`)]
  const child = Bun.spawn([...deno, ...words], { stdout: "pipe", stderr: "pipe" })
  const [out, err, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (status !== 0) throw new Error(`the suite ended with ${status}: ${err}`)
  return JSON.parse(out) as Record<string, string | null>
}

describe.skipIf(!hasDeno)("on Deno", () => {
  test.each(["clock", "globals", "http", "listener", "log", "microtasks", "sockets"])(
    "the suite of the port passes: %s",
    async (suite) => {
      const results = Object.entries(await onDeno(suite))
      expect(results.filter(([, wrong]) => wrong !== null)).toEqual([])
      expect(results.length).toBeGreaterThan(0)
    },
    60_000,
  )
})
