// Bots that do what no bot should, as processes of their own: each ends (or does not) as the runtime promises.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { accountAt } from "./account.ts"
import { folder, keysOf, type Program, type Simulator, start, startSimulator } from "./program.ts"
import { startBot } from "./running.ts"

const SYMBOL = "BTCUSDT"
const TEST_MS_MAX = 60_000

let sim: Simulator
let home: ReturnType<typeof folder>
let programs: Program[] = []

// An exchange for each: every new home counts its runs from 1, so a shared one would see the same client ids again.
beforeEach(async () => {
  sim = await startSimulator()
  home = folder()
})
afterEach(async () => {
  for (const program of programs) program.signal("SIGKILL")
  await Promise.all(programs.map(({ ended }) => ended))
  programs = []
  sim.program.signal("SIGKILL")
  await sim.program.ended
  home.remove()
})

/** Runs until it ends itself. */
async function run(does: string): Promise<Program> {
  const fixed = ["--live", "--endpoint", sim.url, "--db", `${home.path}/wild.db`, "--http-port", "0"]
  const words = ["run", `${import.meta.dir}/bots/wild.ts`, ...fixed, "--set", `does=${does}`]
  const program = start(words, { cwd: home.path, env: keysOf(sim) })
  programs.push(program)
  await program.ended
  return program
}

async function tame() {
  const bot = await startBot(sim, "wild", { home: home.path })
  programs.push(bot.program)
  return bot
}

describe("a bot that", () => {
  test.each(["spin", "spin later"])(
    "spins for ever in a handler ends with a status of its own, naming it; the next start knows its order: %s",
    async (does) => {
      const program = await run(does)
      expect(await program.ended).toBe(EXIT.stalled)
      expect(program.err()).toMatch(
        /^perigee: the event loop has stood still for \d+ ms in wild\.onSchedule; ending with status 75\n$/,
      )
      const [resting, ...more] = await accountAt(sim).openOrders(SYMBOL)
      expect([resting?.status, more]).toEqual(["NEW", []])
      const next = await tame()
      // It found the order that rests, so it makes no other.
      const orders = await accountAt(sim).orders(SYMBOL)
      expect(orders.filter(({ status }) => status === "NEW").map(({ clientOrderId }) => clientOrderId)).toEqual([
        resting!.clientOrderId,
      ])
      const state = await next.ask("GET", "/state")
      expect(state.text).toContain(resting!.clientOrderId)
    },
    TEST_MS_MAX,
  )

  test.each(["spin at start", "spin later at start"])(
    "spins for ever in start ends likewise, naming start: %s",
    async (does) => {
      const program = await run(does)
      expect(await program.ended).toBe(EXIT.stalled)
      expect(program.err()).toMatch(/ ms in wild\.start; ending with status 75\n$/)
    },
    TEST_MS_MAX,
  )

  test(
    "rejects where nobody hears it is logged without its secrets, ends with status 1, and the next start knows its order",
    async () => {
      const program = await run("reject")
      expect(await program.ended).toBe(EXIT.failed)
      expect(program.err()).toBe(
        "perigee: an error that nobody caught has ended the bot; bot.crashed in its log tells which\n",
      )
      const last = program.out().trim().split("\n").at(-1)!
      expect(JSON.parse(last)).toMatchObject({
        event: "bot.crashed",
        why: expect.stringContaining("nobody caught this"),
      })
      expect(program.out()).not.toContain(sim.secret)
      const next = await tame()
      const [resting] = await accountAt(sim).openOrders(SYMBOL)
      expect((await next.ask("GET", "/state")).text).toContain(resting!.clientOrderId)
    },
    TEST_MS_MAX,
  )

  test(
    "never settles its start answers all the same, and says by name why it is not ready",
    async () => {
      const bot = await startBot(sim, "wild", {
        home: home.path,
        words: ["--set", "does=wait at start"],
        isEarly: true,
      })
      programs.push(bot.program)
      const why = "strategy wild has not started: its start has not settled for 1000 ms"
      let ready = await bot.ask("GET", "/ready")
      for (let tries = 0; tries < 200 && !ready.text.includes(why); tries++) {
        await Bun.sleep(50)
        ready = await bot.ask("GET", "/ready")
      }
      expect([ready.status, ready.text]).toEqual([503, expect.stringContaining(why)])
      expect(await bot.end()).toBe(EXIT.ok)
    },
    TEST_MS_MAX,
  )
})
