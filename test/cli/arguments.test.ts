// What the command line says to words that are wrong: one plain line, and a status that means something.
import { describe, expect, test } from "bun:test"
import { join } from "node:path"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { commandNames, say } from "./terminal.ts"

const bot = join(import.meta.dir, "bots", "plain.ts")

const WRONG: readonly (readonly [words: string, message: string])[] = [
  ["sail", `perigee: there is no command "sail"; perigee --help lists them`],
  ["demo --fast", "perigee demo: Unknown option '--fast'; perigee demo --help lists what it takes"],
  [
    "demo --seconds",
    "perigee demo: Option '--seconds <value>' argument missing; perigee demo --help lists what it takes",
  ],
  ["demo --json=1", "perigee demo: Option '--json' does not take an argument; perigee demo --help lists what it takes"],
  ["demo now", "perigee demo: Unexpected argument 'now'; perigee demo --help lists what it takes"],
  ["demo --seconds soon", "perigee demo: --seconds soon: expected a number from 0.1 to 10000000"],
  ["demo --seconds 0", "perigee demo: --seconds 0: expected a number from 0.1 to 10000000"],
  ["demo --seed 1.5", "perigee demo: --seed 1.5: expected a whole number from 0 to 4294967295"],
  [
    "demo --seed -1",
    "perigee demo: --seed wants a value; write --seed=-1 for one that begins with a dash; perigee demo --help lists what it takes",
  ],
  ["demo --seed=-1", "perigee demo: --seed -1: expected a whole number from 0 to 4294967295"],
  ["demo --rate 1e9", "perigee demo: --rate 1e9: expected a number from 0 to 100000"],
  ["demo --set size", "perigee demo: --set size: expected NAME=VALUE"],
  ["demo --http-port 99999", "perigee demo: --http-port 99999: expected a whole number from 0 to 65535"],
  ["run", "perigee run: bot file is missing; --help shows what belongs where"],
  ["run a.ts b.ts", `perigee run: one bot file is enough; "b.ts" is too much`],
  ["run none.ts", "perigee run: there is no none.ts; give the path of a bot file"],
  [`run ${bot} --live --log loud`, "perigee run: --log loud: expected debug, info, warn, error"],
  [`run ${bot} --live --seconds never`, "perigee run: --seconds never: expected a number from 0.1 to 1000000000"],
  [`run ${bot} --live --endpoint ftp://x`, "perigee run: --endpoint ftp://x: expected http://host:port"],
  [`run ${bot} --live --testnet --endpoint http://x:1`, "perigee run: give --testnet or --endpoint, not both"],
  [
    `run ${bot} --record x`,
    "perigee run: paper trading is not in this version; give --live to send orders (--endpoint URL --live trades on a simulated exchange)",
  ],
  ["demo --virtual --record x", "perigee demo: --virtual takes no --record"],
  ["replay", "perigee replay: bot file is missing; --help shows what belongs where"],
  [`replay ${bot}`, "perigee replay: --tape is missing; perigee run bot.ts --record FILE writes one"],
  [
    `replay ${bot} --tape none.tape`,
    "perigee replay: there is no none.tape; perigee run bot.ts --record FILE writes a tape",
  ],
  [`replay none.ts --tape ${bot}`, "perigee replay: there is no none.ts; give the path of a bot file"],
  [
    `replay ${bot} --tape ${bot} --latency 0.5`,
    "perigee replay: --latency 0.5: expected a whole number from 0 to 10000",
  ],
  [
    `replay ${bot} --tape ${bot} --seconds 0`,
    "perigee replay: --seconds 0: expected a number from 0.001 to 1000000000",
  ],
  ["build", "perigee build: bot file is missing; --help shows what belongs where"],
  ["build none.ts", "perigee build: there is no none.ts; give the path of a bot file"],
  ["sim", "perigee sim: MARKET (binance-um) is missing; --help shows what belongs where"],
  ["sim okx", `perigee sim: there is no simulated exchange for "okx"; there is binance-um`],
  ["sim binance-um okx", `perigee sim: one MARKET (binance-um) is enough; "okx" is too much`],
  ["sim binance-um --port 70000", "perigee sim: --port 70000: expected a whole number from 0 to 65535"],
  ["sim binance-um --pace 2", "perigee sim: --pace is for a --tape"],
  ["sim binance-um --tape x --pace 0", "perigee sim: --pace 0: expected a number above 0, at most 10000, or max"],
  [
    "sim binance-um --port 0 --tape none.gz",
    `perigee sim: cannot read the tape none.gz: ENOENT: no such file or directory, open '${join(process.cwd(), "none.gz")}'`,
  ],
  ["status --check mood", "perigee status: --check mood: expected health or ready"],
  ["status --url here", `perigee status: "here" is not an address; write http://host:port`],
  ["status --db a --url http://x", "perigee status: give --db or --url, not both"],
  ["pause --url here", `perigee pause: "here" is not an address; write http://host:port`],
  ["resume now", "perigee resume: Unexpected argument 'now'; perigee resume --help lists what it takes"],
  ["flatten --size 1", "perigee flatten: Unknown option '--size'; perigee flatten --help lists what it takes"],
  ["stop --db", "perigee stop: Option '--db <value>' argument missing; perigee stop --help lists what it takes"],
]

describe("a wrong command line", () => {
  test.each(WRONG)("%s", async (words, message) => {
    expect(await say(words.split(" "))).toEqual({ status: EXIT.usage, out: "", err: `${message}\n` })
  })

  test("in the environment is named by its variable", async () => {
    const env = (name: string) => (name === "PERIGEE_HTTP_PORT" ? "web" : undefined)
    const said = await say(["demo"], { env })
    expect(said.err).toBe("perigee demo: PERIGEE_HTTP_PORT web: expected a whole number from 0 to 65535\n")
  })
})

describe("nobody there", () => {
  test.each(["status", "pause", "resume", "flatten", "stop"])("%s says so, with a status of its own", async (name) => {
    const db = join(import.meta.dir, "none.db")
    expect(await say([name, "--db", db])).toEqual({
      status: EXIT.unreachable,
      out: "",
      err: `perigee ${name}: no bot is running on ${db}\n`,
    })
    const said = await say([name, "--url", "http://127.0.0.1:1"])
    expect([said.status, said.out]).toEqual([EXIT.unreachable, ""])
    expect(said.err).toStartWith("no bot answers at http://127.0.0.1:1: ")
  })
})

describe("help", () => {
  test("without a word is shown as a mistake, and asked for as an answer; it lists every command", async () => {
    const asked = await say(["--help"])
    expect(asked.status).toBe(EXIT.ok)
    expect(await say([])).toEqual({ ...asked, status: EXIT.usage })
    for (const name of commandNames()) expect(asked.out).toMatch(new RegExp(`^  ${name}\\b.* {3}\\S`, "m"))
  })

  test.each(commandNames())("of %s names each of its options", async (name) => {
    const said = await say([name, "--help"])
    expect([said.status, said.err]).toEqual([EXIT.ok, ""])
    expect(said.out).toStartWith(`perigee ${name} `)
    for (const line of said.out.split("\n").slice(4, -1))
      expect(line).toMatch(/^ {2}(?:-\w, )?--[a-z-]+(?: \S+)? {2,}\S/)
  })

  test("of the version is a line, or JSON", async () => {
    expect(await say(["--version"])).toEqual({ status: 0, out: "perigee test\n", err: "" })
    expect(JSON.parse((await say(["--version", "--json"])).out)).toEqual({ version: "test" })
  })
})
