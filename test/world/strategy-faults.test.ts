// Strategies that go wrong where a bot begins, and at every event, as processes of their own.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { WILD_HANDLERS } from "../runtime/awkward.ts"
import { folder, type Program, start } from "./program.ts"
import { until } from "./until.ts"

const TEST_MS_MAX = 60_000

let home: ReturnType<typeof folder>
let programs: Program[] = []

beforeEach(() => {
  home = folder()
})
afterEach(async () => {
  for (const program of programs) program.signal("SIGKILL")
  await Promise.all(programs.map(({ ended }) => ended))
  programs = []
  home.remove()
})

function run(name: string, env: Readonly<Record<string, string>> = {}): Program {
  const fixed = ["--live", "--db", `${home.path}/${name}.db`, "--http-port", "0"]
  const program = start(["run", `${import.meta.dir}/bots/${name}.ts`, ...fixed], { cwd: home.path, env })
  programs.push(program)
  return program
}

/** What it has logged so far, line by line. */
const logOf = (program: Program, event: string): readonly Record<string, unknown>[] =>
  program
    .out()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line["event"] === event)

/** What it found in its state first, and that it stopped as asked. */
async function foundBy(program: Program): Promise<Record<string, unknown>> {
  await until("it has looked at its state twice", () => logOf(program, "kept").length > 1)
  program.signal("SIGTERM")
  expect(await program.ended).toBe(EXIT.ok)
  return logOf(program, "kept")[0]!
}

test(
  "a migrate that throws or answers oddly ends the start with a remedy and destroys nothing; a mended one finds it all",
  async () => {
    await foundBy(run("migrating"))
    const ways = [
      ["throw", "threw: not written yet"],
      ["answer a promise", "answered a promise: it must not be async"],
      ["answer NaN", "answered what cannot be kept: state bad is NaN, which JSON cannot hold"],
    ] as const
    for (const [way, words] of ways) {
      const program = run("migrating", { STATE_VERSION: "2", STATE_WAY: way })
      expect(await program.ended).toBe(EXIT.usage)
      expect(program.err()).toStartWith(
        `perigee run: the state of strategy counter, version 1 to 2: migrate ${words}; nothing was changed. It must return,`,
      )
    }
    const spinning = run("migrating", { STATE_VERSION: "2", STATE_WAY: "spin" })
    expect(await spinning.ended).toBe(EXIT.stalled)
    expect(spinning.err()).toMatch(/ ms in counter\.migrate; ending with status 75\n$/)
    const found = await foundBy(run("migrating", { STATE_VERSION: "2" }))
    expect(found["seen"]).toBeGreaterThan(1)
  },
  TEST_MS_MAX,
)

test(
  "whatever a strategy throws, rejects with or returns is a line of the log; the bot and its other strategy live on",
  async () => {
    const program = run("moods")
    const threw = () => logOf(program, "strategy.threw")
    await until("it has thrown everything", () => logOf(program, "through").length > 0 || program.isOver())
    expect(program.err()).toBe("")
    // Of one event name so many lines are written in a while; the rest is counted.
    expect(threw().length).toBeGreaterThan(10)
    const known = new Set(WILD_HANDLERS.map(({ words }) => words))
    for (const { strategy, callback, why } of threw()) {
      expect([strategy, callback, known.has(why as string)]).toEqual(["wild", "onSchedule", true])
    }
    program.signal("SIGTERM")
    expect(await program.ended).toBe(EXIT.ok)
  },
  TEST_MS_MAX,
)
