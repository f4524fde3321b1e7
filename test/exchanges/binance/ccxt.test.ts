import { describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { realFront } from "./front-server.ts"

const folder = join(import.meta.dir, "../../../bench/ccxt")

/** ccxt is no dependency of the project: its own package is installed when it is first wanted. */
function isInstalled(): boolean {
  if (existsSync(join(folder, "node_modules/ccxt"))) return true
  const npm = Bun.which("npm")
  if (npm === null) return false
  return Bun.spawnSync([npm, "ci", "--ignore-scripts"], { cwd: folder, timeout: 90_000 }).success
}

const isHere = isInstalled()
if (!isHere) console.log("skipped: ccxt against the front; `npm ci` in bench/ccxt did not succeed")

describe.skipIf(!isHere)("an unmodified third-party client", () => {
  test("logs in, reads markets, book and balance, trades and sees its fills, over HTTP and over WebSockets", async () => {
    const account = { apiKey: "demo-key", secret: "demo-secret", balances: { USDT: "100000" } }
    const { served } = await realFront({ seed: 11, accounts: [account] })
    try {
      const command = [
        Bun.which("node") ?? process.execPath,
        join(folder, "client.mjs"),
        served.url,
        account.apiKey,
        account.secret,
      ]
      const client = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" })
      const [out, trouble, code] = await Promise.all([
        new Response(client.stdout).text(),
        new Response(client.stderr).text(),
        client.exited,
      ])
      expect({ code, trouble }).toEqual({ code: 0, trouble: "" })
      const saw = JSON.parse(out)
      expect(saw).toMatchObject({
        wrong: [],
        markets: 3,
        tick: 0.1,
        balance: 100_000,
        placed: { status: "open" },
        canceled: "canceled",
      })
      expect(saw.placed.id).toMatch(/^\d{19}$/)
      expect(saw.fills.length).toBeGreaterThan(0)
      expect(saw.streamed).toMatchObject({ order: "closed", fill: expect.stringMatching(/^\d{19}$/) })
    } finally {
      await served.close()
    }
  }, 60_000)
})
