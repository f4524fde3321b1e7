import { afterAll, describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, posix } from "node:path"
import { everyPart } from "../../src/world/parts.ts"
import { sampleModel } from "../../src/world/sample.ts"
import { openSimulation } from "../../src/world/simulation.ts"
import { type Bot, isBot, planOf } from "../../src/world.ts"
import { root } from "../scan.ts"
import { allBlocks, type Block, blocksOf, type Command, commandsOf, DOCUMENTS, pathOf } from "./blocks.ts"
import { Session } from "./session.ts"

/** Commands that are shown and not run here, each with the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "npm test": "it runs this very test",
  "npm run check": "the gate runs it before the tests",
  "npm run bench": "measures for minutes, and wants the machine for itself",
  "npm run soak": "measures for minutes, and wants the machine for itself",
  "npm run format": "rewrites the sources",
  ".ci/run": "it runs this very test",
  'node_modules/.bin/bun test test/runtime/engine -t "publish order"': "those tests run by themselves",
  "node_modules/.bin/bun test test/exchanges": "those tests run by themselves",
  "npm run build": "test/runtime/cli/build makes executables; two at once would write the same file",
  "docker build -t perigee .": "wants Docker",
  "docker build --target bot --build-arg BOT=src/strategies/echo.ts -t echo .": "wants Docker",
  "docker run --rm -p 127.0.0.1:8600:8600 --memory 256m perigee": "wants Docker",
  'docker run -d --restart on-failure --memory 128m -v echo:/data -e BINANCE_API_KEY_FILE=/run/secrets/key -e BINANCE_SECRET_KEY_FILE=/run/secrets/secret -v "$PWD/secrets:/run/secrets:ro" echo --live':
    "wants Docker",
  "scripts/limits.sh --seconds 60": "wants root, cgroups and three minutes",
  "scripts/container.sh --seconds 60": "wants root, buildah and debootstrap",
}

const folders: string[] = []
function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "perigee-docs-"))
  folders.push(folder)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const blocks = allBlocks()
const named = (language: readonly string[]): Block[] => blocks.filter((block) => language.includes(block.language))
const codeBlocks = named(["ts"])
const where = ({ document, line }: Block): string => `${document}:${line}`

/** A project of the blocks, with this repository's settings and library, and its sources where they name them. */
function project(at: string, written: readonly Block[]): void {
  const settings = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      paths: { perigee: [join(root, "src/index.ts")], "perigee/testing": [join(root, "src/testing.ts")] },
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: ["**/*.ts", join(root, "src/**/*.d.ts")],
    exclude: [],
  }
  writeFileSync(join(at, "tsconfig.json"), JSON.stringify(settings))
  const paths = new Set(written.map(pathOf))
  for (const block of written) {
    const file = join(at, pathOf(block))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, placed(block, paths))
  }
}

/** The block with what it imports of this repository, and no other block is, named by where that lies. */
function placed(block: Block, paths: ReadonlySet<string>): string {
  return block.text.replaceAll(/from "(\.[^"]+)"/g, (whole, specifier: string) => {
    const path = posix.join(posix.dirname(pathOf(block)), specifier)
    return paths.has(path) || !existsSync(join(root, path)) ? whole : `from "${join(root, path)}"`
  })
}

async function output(command: readonly string[], cwd: string): Promise<{ status: number; text: string }> {
  const child = Bun.spawn([...command], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { status: await child.exited, text: out + err }
}

/** Every error of the compiler, as `path(line,column): …`. */
async function typeErrors(at: string): Promise<string[]> {
  const { text } = await output([join(root, "node_modules/.bin/tsc"), "--project", at, "--pretty", "false"], at)
  return text.split("\n").filter((row) => /error TS\d+/.test(row))
}

describe("the documents' TypeScript", () => {
  const planted = blocksOf("planted.md", '```ts\n// planted.ts\nexport const size: number = "0.1"\n```\n')
  const folder = emptyFolder()
  project(folder, [...codeBlocks, ...planted])

  test("blocks that name their file name different ones", () => {
    const paths = codeBlocks.map(pathOf)
    expect(paths.filter((path, at) => paths.indexOf(path) !== at)).toEqual([])
  })

  test("compiles, and a block with a mistake would not", async () => {
    const errors = await typeErrors(folder)
    expect(errors.filter((row) => !row.startsWith("planted.ts"))).toEqual([])
    expect(errors).toEqual([expect.stringContaining("planted.ts(2,14): error TS2322")])
  }, 60_000)

  const bots = codeBlocks.filter(({ text }) => /^export default bot\(/m.test(text))
  test.each(bots.map((block) => [where(block), block] as const))("the bot at %s can be built", async (_, block) => {
    const { default: exported } = (await import(join(folder, pathOf(block)))) as { default: unknown }
    expect(isBot(exported)).toBe(true)
    if (isBot(exported)) expect(planOf(exported, everyPart()).strategies).not.toBeEmpty()
  })

  test.each(bots.map((block) => [where(block), block] as const))(
    "the bot at %s runs for a minute on a virtual clock, and no handler throws or hangs",
    async (_, block) => {
      const { default: made } = (await import(join(folder, pathOf(block)))) as { default: Bot }
      const simulation = await openSimulation({ bot: () => made, modelFile: sampleModel, seed: 1, rate: 60 })
      simulation.advance(60_000)
      const { events } = simulation.world.stats()
      const trouble = simulation.outside.log.lines.filter(
        ({ event, level }) => level === "error" || event.startsWith("handler."),
      )
      simulation.stop("the test is over")
      expect(trouble).toEqual([])
      expect(events).toBeGreaterThan(0)
    },
    30_000,
  )

  test("shows bots, and a test that passes", async () => {
    expect(bots.length).toBeGreaterThan(3)
    const tests = codeBlocks.map(pathOf).filter((path) => path.endsWith(".test.ts"))
    expect(tests).not.toBeEmpty()
    const { status, text } = await output([process.execPath, "test", ...tests], folder)
    expect(status === 0 ? "" : text).toBe("")
  }, 60_000)
})

describe("the documents' commands", () => {
  const sessions = DOCUMENTS.map((document) => ({
    document,
    commands: named(["sh", "console"])
      .filter((block) => block.document === document)
      .flatMap((block) => commandsOf(block).map((command) => ({ ...command, at: where(block) }))),
  })).filter(({ commands }) => commands.length > 0)

  test.each(sessions.map((session) => [session.document, session.commands] as const))(
    "%s: every command does what it says",
    async (document, commands) => {
      const at = emptyFolder()
      // The README's bot is everybody's example.
      const owned = codeBlocks.filter((block) => block.document === document || block.document === "README.md")
      project(at, owned)
      const session = new Session(at)
      const failed: string[] = []
      for (const command of commands) {
        if (command.text in NOT_RUN) continue
        const why = await session.run(command)
        if (why !== undefined) failed.push(`${command.at}: ${command.text}: ${why}`)
      }
      failed.push(...(await session.close()))
      expect(failed).toEqual([])
    },
    60_000,
  )

  test("the list of commands that are not run names only commands that are shown", () => {
    const shown = new Set(sessions.flatMap(({ commands }) => commands.map(({ text }) => text)))
    expect(Object.keys(NOT_RUN).filter((command) => !shown.has(command))).toEqual([])
  })

  test("a command that fails is told, with its status", async () => {
    const session = new Session(emptyFolder())
    const wrong: Command = { text: "perigee build nowhere.ts", status: 0 }
    expect(await session.run(wrong)).toStartWith("ended with status 2, not 0: ")
    expect(await session.run({ ...wrong, status: 2 })).toBeUndefined()
  }, 60_000)

  test("every block says its language, so that none passes unseen", () => {
    const known = ["ts", "sh", "console", "sql", "text", "json", "Dockerfile"]
    expect(blocks.filter(({ language }) => !known.includes(language)).map(where)).toEqual([])
  })
})
