import { expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const onLinux = test.skipIf(process.platform !== "linux")

async function told<T>(words: readonly string[]): Promise<T> {
  const child = Bun.spawn([...words], { stdio: ["ignore", "pipe", "pipe"] })
  const [out, trouble, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  expect({ status, trouble }).toEqual({ status: 0, trouble: "" })
  return JSON.parse(out) as T
}

onLinux("a trim takes the executable's idle code out of memory, and all goes on", async () => {
  const { before, after, sum } = await told<{ before: number; after: number; sum: number }>([
    process.execPath,
    join(import.meta.dir, "trimmed.ts"),
  ])
  expect(sum).toBe(499_500)
  expect(before - after).toBeGreaterThan(2_000)
})

onLinux(
  "a trim takes an executable's bundle out of memory, nobody had written to it, and its text is read again as it was",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "perigee-test-"))
    try {
      const entry = join(folder, "entry.ts")
      const outfile = join(folder, "bundled")
      const ballast = "0123456789abcdef".repeat(2 ** 18)
      const source = JSON.stringify(join(import.meta.dir, "bundled.ts"))
      writeFileSync(entry, `import { report } from ${source}\nawait report(${JSON.stringify(ballast)})\n`)
      await Bun.build({ entrypoints: [entry], target: "bun", compile: { outfile }, throw: true })
      const found = await told<{ kb: number; isClean: boolean; before: number; after: number; isSame: boolean }>([
        outfile,
      ])
      expect(found).toMatchObject({ isClean: true, isSame: true })
      expect(found.kb).toBeGreaterThan(4_096)
      expect(found.before).toBeGreaterThan(4_096)
      expect(found.after).toBeLessThan(1_024)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
