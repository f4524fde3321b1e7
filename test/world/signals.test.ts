// How processes end: asked to, interrupted as a group, orphaned, and while they wait for somebody.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test"
import { spawnSync } from "node:child_process"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { accountAt } from "./account.ts"
import { folder, keysOf, type Program, type Simulator, start, startSimulator } from "./program.ts"
import { startBot } from "./running.ts"
import { until } from "./until.ts"

const SYMBOL = "BTCUSDT"
const END_MS_MAX = 5_000

let sim: Simulator
let home: ReturnType<typeof folder>
let programs: Program[] = []

beforeAll(async () => {
  sim = await startSimulator()
})
afterAll(() => sim.program.signal("SIGKILL"))
beforeEach(() => {
  home = folder()
})
afterEach(async () => {
  for (const program of programs) program.signal("SIGKILL")
  await Promise.all(programs.map(({ ended }) => ended))
  programs = []
  home.remove()
})

function keep(program: Program): Program {
  programs.push(program)
  return program
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The simulated exchange that a demo has started. */
function childOf(pid: number): number {
  const rows = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).stdout.trim().split("\n")
  const children = rows.map((row) => row.trim().split(/\s+/).map(Number)).filter(([, parent]) => parent === pid)
  expect(children.length).toBe(1)
  return children[0]![0]!
}

async function startDemo(words: readonly string[] = []): Promise<{ demo: Program; child: number }> {
  const demo = keep(start(["demo", ...words], { cwd: home.path, isLeader: true }))
  await until("the demo trades", () => /events [1-9]\d*/.test(demo.out()) || demo.isOver())
  return { demo, child: childOf(demo.pid) }
}

/** The exit status, and whether it came in time. */
async function ended(program: Program): Promise<{ status: number; isInTime: boolean }> {
  const startedAt = performance.now()
  const status = await program.ended
  return { status, isInTime: performance.now() - startedAt < END_MS_MAX }
}

const IN_TIME = { status: EXIT.ok, isInTime: true }

describe("the demo", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("ends with a summary at %s, and its exchange with it", async (signal) => {
    const { demo, child } = await startDemo()
    demo.signal(signal)
    expect(await ended(demo)).toEqual(IN_TIME)
    expect(demo.err()).toBe("")
    expect(demo.out()).toMatch(
      new RegExp(
        `ended: ${signal}\\n\\d+ events?, \\d+ orders?, \\d+ fills?, PnL .+\\n` +
          `\\d+ predictions?, \\d+ failed, 0 book gaps, 0 unknown orders\\n`,
      ),
    )
    await until("the exchange has ended", () => !isAlive(child), END_MS_MAX)
  })

  test.each(["SIGINT", "SIGTERM"] as const)(
    "ends in order when %s goes to its whole group, as Ctrl-C and supervisors send it: the exchange stays to the end",
    async (signal) => {
      const { demo, child } = await startDemo()
      process.kill(-demo.pid, signal)
      expect(await ended(demo)).toEqual(IN_TIME)
      // Without the exchange it would have complained of lost connections.
      expect(demo.err()).toBe("")
      await until("the exchange has ended", () => !isAlive(child), END_MS_MAX)
    },
  )

  test("takes its exchange with it even when it is killed", async () => {
    const { demo, child } = await startDemo()
    demo.signal("SIGKILL")
    expect(await demo.ended).toBe(137)
    await until("the exchange has ended", () => !isAlive(child), END_MS_MAX)
  })
})

describe("a bot", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("cancels its open orders at %s", async (signal) => {
    const bot = await startBot(sim, "steady", { home: home.path, words: ["--set", "buys=false"] })
    keep(bot.program)
    await until("its order rests", async () => (await accountAt(sim).openOrders(SYMBOL)).length === 1)
    bot.program.signal(signal)
    expect(await ended(bot.program)).toEqual(IN_TIME)
    expect(await accountAt(sim).openOrders(SYMBOL)).toEqual([])
    expect(bot.program.err()).toBe("")
  })

  test("ends when it is asked to while its venue keeps the start waiting", async () => {
    const silent = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Promise<Response>(() => undefined) })
    const words = [
      "--endpoint",
      `http://127.0.0.1:${silent.port}`,
      "--db",
      `${home.path}/steady.db`,
      "--http-port",
      "0",
    ]
    const bot = `${import.meta.dir}/bots/steady.ts`
    const program = keep(start(["run", bot, "--live", ...words], { cwd: home.path, env: keysOf(sim) }))
    await until("it asks its venue", () => silent.pendingRequests > 0 || program.isOver())
    program.signal("SIGTERM")
    expect(await ended(program)).toEqual(IN_TIME)
    await silent.stop(true)
  })
})

test("a simulated exchange ends at SIGTERM, whoever is connected", async () => {
  const own = await startSimulator()
  keep(own.program)
  const bot = await startBot(own, "steady", { home: home.path })
  keep(bot.program)
  own.program.signal("SIGTERM")
  expect(await ended(own.program)).toEqual(IN_TIME)
  // The bot is not ready any more, and can be ended all the same.
  await until("the bot notices", async () => !(await bot.isReady()))
  bot.program.signal("SIGTERM")
  expect((await ended(bot.program)).status).toBe(EXIT.ok)
}, 40_000)
