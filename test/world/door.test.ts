import { networkInterfaces } from "node:os"
import { describe, expect, test } from "bun:test"
import { runLoaded } from "../../src/runtime/cli/run-loaded.ts"
import { door as openDoor, machine } from "../../src/world/entrance.ts"
import { type Door, urlOf } from "../../src/world/door.ts"

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === "::1"))
const address = { host: "127.0.0.1", port: 0 }

async function withDoor(check: (door: Door, url: string) => Promise<void>): Promise<void> {
  const door = await openDoor(address)
  try {
    await check(door, `http://${door.host}:${door.port}`)
  } finally {
    await door.close()
  }
}

describe("the endpoint's door", () => {
  test("says before there is a bot that the process lives, and that it is not ready", () =>
    withDoor(async (_, url) => {
      const health = await fetch(`${url}/health`)
      expect(health.status).toBe(200)
      expect(await health.json()).toEqual({ ok: true, uptimeMs: expect.any(Number), loopLagMs: 0 })
      const ready = await fetch(`${url}/ready`)
      expect(ready.status).toBe(503)
      expect(await ready.json()).toEqual({ ready: false, reasons: ["the bot starts"], skipped: [] })
    }))

  test("keeps other requests until there is one, and answers each by it from then on", () =>
    withDoor(async (door, url) => {
      const early = fetch(`${url}/state`)
      const posted = fetch(`${url}/health`, { method: "POST" })
      await fetch(`${url}/health`)
      door.lead((request, { isLoopback }) => Response.json({ path: new URL(request.url).pathname, isLoopback }))
      expect(await (await early).json()).toEqual({ path: "/state", isLoopback: true })
      expect(await (await posted).json()).toEqual({ path: "/health", isLoopback: true })
      expect(await (await fetch(`${url}/health`)).json()).toEqual({ path: "/health", isLoopback: true })
    }))

  test("lets who waits be answered between two steps of a start", () =>
    withDoor(async (door, url) => {
      const answered = fetch(`${url}/health`).then(({ status }) => status)
      // No other step of the loop than those that are given to it.
      for (let step = 0; step < 1_000; step++) await door.breathe()
      expect(await Promise.race([answered, Promise.resolve("not yet")])).toBe(200)
    }))

  test("says whose address it cannot have", () =>
    withDoor(async ({ port }) => {
      await expect(openDoor({ ...address, port })).rejects.toThrow(String(port))
    }))

  test("may be closed twice", () =>
    withDoor(async (door, url) => {
      await door.close()
      await door.close()
      await expect(fetch(`${url}/health`)).rejects.toThrow()
    }))

  test("is closed where the bot behind it cannot be loaded", async () => {
    const free = await openDoor(address)
    await free.close()
    const values = { live: true, "http-host": address.host, "http-port": String(free.port) }
    const health = `http://${free.host}:${free.port}/health`
    const failing = runLoaded(machine(), "0", { values, positionals: [] }, async () => {
      expect((await fetch(health)).status).toBe(200)
      throw new Error("no such bot")
    })
    await expect(failing).rejects.toThrow("no such bot")
    await expect(fetch(health)).rejects.toThrow()
  })

  test.each([
    ["127.0.0.1", "http://127.0.0.1:8600"],
    ["0.0.0.0", "http://127.0.0.1:8600"],
    ["::", "http://[::1]:8600"],
    ["fd00::2", "http://[fd00::2]:8600"],
    ["localhost", "http://localhost:8600"],
  ])("on %s is reached at %s", (host, url) => {
    expect(urlOf({ host, port: 8_600 })).toBe(url)
  })

  test.skipIf(!hasIpv6)("answers on the loopback of IPv6", async () => {
    const door = await openDoor({ host: "::1", port: 0 })
    const { status } = await fetch(`${urlOf(door)}/health`)
    await door.close()
    expect(status).toBe(200)
  })
})
