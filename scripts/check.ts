// Everything that judges the source without running it: format, lint, types, what nothing uses, layers. Runs all of them, then fails if one did.
import { resolve } from "node:path"
import { $ } from "bun"

const tools = resolve(import.meta.dir, "../node_modules/.bin")
$.throws(false).env({ ...process.env, PATH: `${tools}:${process.env["PATH"] ?? ""}` })
const folders = ["src", "test", "scripts", "bench"]

const checks: [string, () => Promise<{ exitCode: number }>][] = [
  ["format", async () => await $`oxfmt --check`],
  ["lint", async () => await $`oxlint --deny-warnings ${folders}`],
  ["types", async () => await $`tsc --noEmit`],
  [
    "dead files and dependencies",
    async () => await $`knip --no-progress --include files,dependencies,unlisted,unresolved`,
  ],
  ["layers", async () => await $`${process.execPath} test test/layers.test.ts test/tidy.test.ts`],
]

const failed: string[] = []
for (const [name, check] of checks) {
  console.log(`── ${name}`)
  const { exitCode } = await check()
  if (exitCode !== 0) failed.push(name)
}

if (failed.length > 0) {
  console.error(`check failed: ${failed.join(", ")}`)
  process.exit(1)
}
