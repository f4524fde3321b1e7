// What the program says to files, keys, places and venues that are wrong: a plain message, a status, and nothing half-done.
import { Database } from "bun:sqlite"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test"
import { spawnSync } from "node:child_process"
import { chmodSync, cpSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { accountAt } from "../world/account.ts"
import { folder, keysOf, main, run, type Simulator, startSimulator } from "../world/program.ts"

const bots = join(import.meta.dir, "bots")
let sim: Simulator
let home: ReturnType<typeof folder>

beforeAll(async () => {
  sim = await startSimulator()
})
afterAll(async () => {
  sim.program.signal("SIGTERM")
  await sim.program.ended
})
beforeEach(() => {
  home = folder()
})
afterEach(() => home.remove())

const live = (): string[] => ["--live", "--endpoint", sim.url, "--http-port", "0", "--seconds", "0.5"]
const trade = (name: string, words: readonly string[] = live(), env: Record<string, string> = keysOf(sim)) =>
  run(["run", join(bots, `${name}.ts`), ...words], { cwd: home.path, env })
/** What the failed start left behind, the lock aside, which stays. */
const left = (): string[] => readdirSync(home.path).filter((name) => !name.endsWith(".lock"))

/** Mistakes found before anything is opened. */
const BEFORE: readonly (readonly [what: string, bot: string, message: string])[] = [
  [
    "a file that does not export a bot",
    "no-bot",
    `${bots}/no-bot.ts does not export a bot; end it with: export default bot({ name: "…" }).task(…).strategy(…)`,
  ],
  ["a file that is not there", "none", `there is no ${bots}/none.ts; give the path of a bot file`],
  [
    "a file that fails while it loads",
    "throwing",
    `${bots}/throwing.ts cannot be loaded (line 2, column 11): no luck today\n    at ${bots}/throwing.ts:2:11`,
  ],
  [
    "a misspelt inst",
    "misspelt",
    'bot misspelt cannot be built: task feed binance-um trades #1: "BTCUSDT" is not an instrument name; write BASE_QUOTE, BASE_QUOTE_PERP or BASE_QUOTE_FUT_YYMMDD in capitals',
  ],
  [
    "an unknown market",
    "unknown-market",
    'bot unknown-market cannot be built: task feed binance-xm trades #1: there is no market "binance-xm"',
  ],
  [
    "a market that is not in this program",
    "other-market",
    "bot other-market cannot be built: task feed gate-futures trades #1: market gate-futures is not in this build; it has binance-um",
  ],
  [
    "orders without a risk limit",
    "unlimited",
    'bot unlimited cannot be built: it would send live orders without a risk limit; declare limits, e.g. limits: { orderNotionalMax: "1000" }',
  ],
]

describe("a bot file is refused before anything is opened:", () => {
  test.each(BEFORE)("%s", async (_, name, message) => {
    expect(await trade(name)).toEqual({ status: EXIT.usage, out: "", err: `perigee run: ${message}\n` })
    expect(left()).toEqual([])
  })

  test("one with a syntax error, by line and column", async () => {
    const file = join(home.path, "half.ts")
    writeFileSync(file, 'import { bot } from "perigee"\nexport default bot({ name: \n')
    const { status, out, err } = await run(["run", file, ...live()], { cwd: home.path })
    expect([status, out]).toEqual([EXIT.usage, ""])
    expect(err).toMatch(/^perigee run: \S+half\.ts cannot be loaded \(line 2, column \d+\): .+\n$/)
    expect(left()).toEqual(["half.ts"])
  })

  test("any, without --live", async () => {
    const said = await trade("plain", [])
    expect([said.status, said.out, left()]).toEqual([EXIT.usage, "", []])
    expect(said.err).toMatch(/^perigee run: paper trading is not in this version; give --live .+\n$/)
  })

  test("one that trades, without keys, by the names of their variables", async () => {
    const message = `binance-um needs BINANCE_API_KEY and BINANCE_SECRET_KEY: set them in the environment, or give files by BINANCE_API_KEY_FILE and BINANCE_SECRET_KEY_FILE`
    const said = await trade("small", live(), {})
    expect(said).toEqual({ status: EXIT.usage, out: "", err: `perigee run: ${message}\n` })
    const half = await trade("small", [...live(), "--keys", "MAIN"], { MAIN_BINANCE_API_KEY: "k" })
    expect(half.err).toBe(
      "perigee run: binance-um needs MAIN_BINANCE_SECRET_KEY: set it in the environment, or give files by MAIN_BINANCE_SECRET_KEY_FILE\n",
    )
    expect(left()).toEqual([])
  })

  test("one whose parameters are wrong, each of them named", async () => {
    const { status, err } = await run(["demo", "--endpoint", sim.url, "--set", "size=9", "--set", "speed=1"], {
      cwd: home.path,
    })
    expect(status).toBe(EXIT.usage)
    expect(err).toMatch(
      /^perigee demo: bot momentum cannot be built:\n {2}- no parameter is named "speed"; there is size, .+\n {2}- parameter size: "9" is not .+\n$/,
    )
  })
})

/** Mistakes that only a look at the venue or at the file shows. */
const AFTER: readonly (readonly [what: string, bot: string, message: RegExp])[] = [
  [
    "a model file that is not there",
    "no-model",
    /^model \S+\/models\/none\.onnx cannot be read: there is no such file; check the path, which is relative to the bot's file\b/,
  ],
  [
    "an instrument that the venue does not list",
    "unlisted",
    /^bot unlisted cannot start: binance-um does not list BTC_USD1_PERP; of BTC it lists BTC_USDT_PERP/,
  ],
]

describe("a start ends by itself, in order, at", () => {
  test.each(AFTER)("%s", async (_, name, message) => {
    const { status, err } = await trade(name)
    expect([status, err.split("\n").length]).toEqual([EXIT.usage, 2])
    expect(err.slice("perigee run: ".length)).toMatch(message)
    expectWhole(join(home.path, `${name}.db`))
  })

  test("a file that is no model", async () => {
    cpSync(join(bots, "broken-model.ts"), join(home.path, "bot.ts"))
    writeFileSync(join(home.path, "broken.onnx"), "this is no model, whatever its name says")
    const { status, err } = await run(["run", "bot.ts", ...live()], { cwd: home.path })
    expect(status).toBe(EXIT.usage)
    expect(err).toMatch(
      /^perigee run: model \S+broken\.onnx: the runtime refused the model: .+ export or copy it again\)\n$/,
    )
    expectWhole(join(home.path, "broken-model.db"))
  })

  test("keys that the venue refuses, without a word of the keys", async () => {
    const keys = { BINANCE_API_KEY: "plantedkey0123456789", BINANCE_SECRET_KEY: "plantedsecret0123456789" }
    const { status, out, err } = await trade("small", live(), keys)
    expect(status).toBe(EXIT.usage)
    expect(err).toMatch(
      /^perigee run: bot small cannot start: binance-um refuses the API key \(.+\): check BINANCE_API_KEY and BINANCE_SECRET_KEY, .+\n$/,
    )
    expect(out + err).not.toContain("planted")
    expectWhole(join(home.path, "small.db"))
  })

  test("a secret that does not fit the key", async () => {
    const { status, err } = await trade("small", live(), { ...keysOf(sim), BINANCE_SECRET_KEY: "plantedsecret" })
    expect([status, err.includes("planted")]).toEqual([EXIT.usage, false])
    expect(err).toContain("binance-um refuses the API key (Signature for this request is not valid.)")
  })

  test("a port in use, for a bot and for a simulated exchange", async () => {
    const port = new URL(sim.url).port
    const remedy = `cannot listen on 127.0.0.1:${port}: the port is in use; stop what holds it, or choose another (0 picks a free one)`
    const words = ["--live", "--endpoint", sim.url, "--http-port", port]
    const [bot, exchange] = await Promise.all([trade("plain", words), run(["sim", "binance-um", "--port", port])])
    expect([bot.status, exchange.status]).toEqual([EXIT.usage, EXIT.usage])
    expect(bot.err).toStartWith(`perigee run: ${remedy}`)
    expect(exchange.err).toStartWith(`perigee sim: ${remedy}`)
  })
})

/** A database that a start has left is whole: it opens, and its run has ended and says why. */
function expectWhole(file: string): void {
  const database = new Database(file, { readonly: true })
  const runs = database.query("SELECT ended_at > 0 AS ended, why FROM runs").all()
  const sound = database.query("PRAGMA integrity_check").all()
  database.close()
  expect([runs, sound]).toEqual([[{ ended: 1, why: "could not start" }], [{ integrity_check: "ok" }]])
}

describe("a place for the database is refused where", () => {
  test("it is of a newer version, and stays as it was", async () => {
    expect((await trade("plain")).status).toBe(EXIT.ok)
    const file = join(home.path, "plain.db")
    const database = new Database(file)
    database.run("INSERT INTO migrations VALUES (99, 'later', 'sum', '9.9.9', 1)")
    const before = database.query("SELECT * FROM runs").all()
    database.close()
    const { status, out, err } = await trade("plain")
    expect([status, out]).toEqual([EXIT.usage, ""])
    expect(err).toMatch(
      /^perigee run: \S+plain\.db has tables of version 99, made by perigee 9\.9\.9; this is perigee \S+, which knows version \d+\. Run perigee 9\.9\.9 or newer, or choose another file\n$/,
    )
    const after = new Database(file, { readonly: true })
    expect(after.query("SELECT * FROM runs").all()).toEqual(before)
    after.close()
  })

  test("it is no database, another bot's, a directory, or beside none", async () => {
    writeFileSync(join(home.path, "notes.txt"), "notes")
    const at = (place: string) => trade("plain", [...live(), "--db", place])
    const [text, none, here] = await Promise.all([at("notes.txt"), at("none/plain.db"), at(".")])
    expect([text.status, none.status, here.status]).toEqual([EXIT.usage, EXIT.usage, EXIT.usage])
    expect(text.err).toContain("notes.txt is not a database; choose another file name")
    expect(none.err).toContain("/none does not exist; make it first")
    expect(here.err).toContain("is not a file; choose another name")
    expect(left()).toEqual(["notes.txt"])
    expect((await at("plain.db")).status).toBe(EXIT.ok)
    const other = await trade("small", [...live(), "--db", "plain.db"])
    expect([other.status, other.err]).toEqual([
      EXIT.usage,
      expect.stringContaining("plain.db is the journal of bot plain, not of small; give each bot a file of its own"),
    ])
  })

  test.if(process.platform === "linux")("the disk is full", async () => {
    const { status, err } = await trade("plain", [...live(), "--db", "/proc/plain.db"])
    expect([status, err]).toEqual([
      EXIT.usage,
      "perigee run: the disk of /proc/plain.db is full: 0 bytes are left; free some space or choose another volume\n",
    ])
  })

  test("it may not be written", () => {
    cpSync(join(bots, "plain.ts"), join(home.path, "plain.ts"))
    chmodSync(home.path, 0o555)
    // The superuser may write anywhere, so the child becomes nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const words = ["run", join(home.path, "plain.ts"), ...live(), "--db", join(home.path, "plain.db")]
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
      ...nobody,
      cwd: "/",
      encoding: "utf8",
      timeout: 15_000,
      env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" },
    })
    chmodSync(home.path, 0o755)
    expect(stderr).toMatch(
      /^perigee run: cannot open \S+plain\.db: the file cannot be opened or created \(SQLITE_CANTOPEN\)/,
    )
    expect([status, left()]).toEqual([EXIT.usage, ["plain.ts"]])
  })
})

test("a size below the venue's smallest is refused with the reason, and never reaches the venue", async () => {
  const { status, out } = await trade("small")
  expect(status).toBe(EXIT.ok)
  const refusals = out.split("\n").filter((line) => line.includes('"event":"refused"'))
  expect(refusals.length).toBeGreaterThan(0)
  expect((JSON.parse(refusals[0]!) as { reasons: string[] }).reasons.join()).toMatch(/0\.0001.*0\.001/)
  expect(await accountAt(sim).orders("BTCUSDT")).toEqual([])
})
