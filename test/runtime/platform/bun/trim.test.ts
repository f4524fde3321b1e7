import { expect, test } from "bun:test"
import { join } from "node:path"

test.skipIf(process.platform !== "linux")(
  "a trim takes the executable's idle code out of memory, and all goes on",
  async () => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "trimmed.ts")], {
      stdio: ["ignore", "pipe", "pipe"],
    })
    const [out, trouble, status] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    expect({ status, trouble }).toEqual({ status: 0, trouble: "" })
    const { before, after, sum } = JSON.parse(out) as { before: number; after: number; sum: number }
    expect(sum).toBe(499_500)
    expect(before - after).toBeGreaterThan(2_000)
  },
)
