import { describe, expect, test } from "bun:test"
import { join } from "node:path"
import { runtimes } from "../deno/runtime.ts"

const file = join(import.meta.dir, "ending.ts")

describe.each(runtimes)("a program that ends on %s", (_name, command) => {
  const start = (mode: string) => Bun.spawn([...command, file, mode], { stdout: "pipe", stderr: "pipe" })

  test("has written everything, also to a slow reader", async () => {
    const child = start("flood")
    await Bun.sleep(100)
    const text = await child.stdout.text()
    expect([await child.exited, text.length]).toEqual([7, 3_000_000])
  })

  test("does not mind a reader that went away", async () => {
    const child = start("flood")
    await child.stdout.cancel()
    expect([await child.exited, await child.stderr.text()]).toEqual([7, ""])
  })

  test.each(["reject", "throw"])("because of an error nobody caught (%s) tells of it, with status 1", async (mode) => {
    const child = start(mode)
    expect([await child.stderr.text(), await child.exited]).toEqual(["crashed: Error: nobody caught this\n", 1])
  })
})
