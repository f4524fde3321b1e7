// What a bot file may do to the program that loads it: nothing is fetched for it, it cannot hang it, and what fails is shown.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { folder, main } from "../world/program.ts"

let asked: string[] = []
let packages: Bun.Server<undefined>
let home: ReturnType<typeof folder>

beforeAll(() => {
  packages = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      asked.push(new URL(request.url).pathname)
      return new Response("{}", { status: 404 })
    },
  })
})
afterAll(() => packages.stop(true))
beforeEach(() => {
  asked = []
  home = folder()
})
afterEach(() => home.remove())

/** Bun as it comes, in a folder without node_modules, with the registry above instead of the real one. */
async function bun(words: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, ...words], {
    cwd: home.path,
    env: { HOME: home.path, BUN_CONFIG_REGISTRY: packages.url.href, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  })
  const [status, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()])
  return { status, out, err }
}

const write = (name: string, text: string): void => writeFileSync(join(home.path, name), text)
const LIVE = ["--live", "--http-port", "0", "--seconds", "0.2"]
const BOT = 'import { bot, schedule } from "perigee"\n'
const REST = 'export default bot({ name: "b" }).task(schedule({ everyMs: 500 })).strategy({ onSchedule() {} })\n'

describe("a package that is not there", () => {
  const words: Readonly<Record<string, readonly string[]>> = {
    run: ["run", "bot.ts", ...LIVE],
    build: ["build", "bot.ts"],
    replay: ["replay", "bot.ts", "--tape", "bot.ts"],
  }

  test("would be asked for by Bun itself", async () => {
    write("bot.ts", 'import x from "no-such-package-here"\nconsole.log(x)\n')
    await bun(["bot.ts"])
    expect(asked).toEqual(["/no-such-package-here"])
  })

  test.each(Object.keys(words))("is not asked for by perigee %s, and named", async (command) => {
    write("bot.ts", `import x from "no-such-package-here"\n${BOT}console.log(x)\n${REST}`)
    const { status, out, err } = await bun([main, ...words[command]!])
    expect([status, out, asked]).toEqual([EXIT.usage, "", []])
    expect(err).toBe(
      `perigee ${command}: bot.ts cannot be loaded: Cannot find package 'no-such-package-here' imported from ${home.path}/bot.ts; perigee fetches no packages: check the spelling of no-such-package-here, or install it in the bot file's folder\n`,
    )
  })

  test("is not asked for by a name made while it runs either, in a file the bot imports", async () => {
    write("part.ts", 'await import("no-such-" + "package").catch((error) => console.error(error.code))\n')
    write("bot.ts", `import "./part.ts"\n${BOT}${REST}`)
    const { status, err } = await bun([main, ...words["run"]!])
    expect([status, err, asked]).toEqual([EXIT.ok, "ERR_MODULE_NOT_FOUND\n", []])
  })

  test("that lies in the bot's own node_modules is found", async () => {
    mkdirSync(join(home.path, "node_modules/mine"), { recursive: true })
    write("node_modules/mine/index.js", 'export const word = "mine"')
    write("bot.ts", `import { word } from "mine"\n${BOT}console.error(word)\n${REST}`)
    const { status, err } = await bun([main, ...words["run"]!])
    expect([status, err, asked]).toEqual([EXIT.ok, "mine\n", []])
  })
})

describe("a bot file", () => {
  test("that spins at its top level ends the process with the watchdog's status and a line", async () => {
    write("spin.ts", `${BOT}while (true) {}\n${REST}`)
    const { status, err } = await bun([main, "run", "spin.ts", ...LIVE])
    expect(status).toBe(EXIT.stalled)
    expect(err).toMatch(
      /^perigee: the event loop has stood still for 5\d\d\d ms in the loading of spin\.ts; ending with status 75\n$/,
    )
  })

  test("that throws is told with its line, its stack and without secrets", async () => {
    write("part.ts", `export function fail(why: string): void {\n  throw new Error(why)\n}\n`)
    write("bot.ts", `import { fail } from "./part.ts"\nfail("bad " + process.env.BINANCE_SECRET_KEY)\n`)
    const { status, out, err } = await bun([main, "run", "bot.ts", ...LIVE], {
      BINANCE_SECRET_KEY: "planted0123456789",
    })
    expect([status, out]).toEqual([EXIT.usage, ""])
    expect(err).toBe(
      [
        "perigee run: bot.ts cannot be loaded (line 2, column 1): bad [REDACTED]",
        `    at fail (${home.path}/part.ts:2:13)`,
        `    at ${home.path}/bot.ts:2:1`,
        "",
      ].join("\n"),
    )
  })

  test("that cannot be parsed is told with every mistake and its place", async () => {
    write("bot.ts", "const = 5\n")
    const { status, err } = await bun([main, "run", "bot.ts", ...LIVE])
    expect(status).toBe(EXIT.usage)
    expect(err).toStartWith("perigee run: bot.ts cannot be loaded:\n  - (line 1, column 7): Expected identifier")
  })

  test("that is a folder is told to be one", async () => {
    mkdirSync(join(home.path, "dir.ts"))
    const said = await bun([main, "run", "dir.ts/", ...LIVE])
    expect(said).toEqual({
      status: EXIT.usage,
      out: "",
      err: "perigee run: dir.ts/ is a folder; give the path of a bot file\n",
    })
  })
})

test("a built bot's top level is watched too, and what it throws is told without secrets", async () => {
  write(
    "bot.ts",
    `${BOT}const { how, KEY_TOKEN } = process.env\nif (how === "throw") throw new Error("no " + KEY_TOKEN)
while (how === "spin") {}\n${REST}`,
  )
  const built = await bun([main, "build", "bot.ts"])
  expect([built.status, built.err]).toEqual([EXIT.ok, ""])
  const start = async (how: string) => {
    const child = Bun.spawn([join(home.path, "b"), ...LIVE], {
      cwd: home.path,
      env: { how, KEY_TOKEN: "planted0123456789" },
      stderr: "pipe",
    })
    return [await child.exited, await child.stderr.text()]
  }
  expect(await start("throw")).toEqual([EXIT.usage, "b run: b cannot be loaded: no [REDACTED]\n"])
  const [status, err] = await start("spin")
  expect(status).toBe(EXIT.stalled)
  expect(err).toContain("in the loading of b; ending with status 75")
}, 60_000)
