import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { buildBot } from "../../../../src/runtime/cli/build/index.ts"
import type { TaskSpec } from "../../../../src/runtime/domain/task.ts"

// A library as small as one can be, in the shape of the real one: what is tested is the way from a declaration to an executable.
const LIBRARY: Record<string, string> = {
  "src/index.ts": `export const bot = (name: string) => ({ name })`,
  "src/runtime/cli/built.ts": `
    import Sqlite from "better-sqlite3"
    import sql from "../../../migrations/first.sql" with { type: "text" }
    import { readFileSync } from "node:fs"
    export async function runBuilt({ load, base, contents }) {
      const { bot, venues, runners } = await load()
      const database = new Sqlite(":memory:")
      database.exec(sql)
      const { count } = database.prepare("SELECT count(*) AS count FROM orders").get()
      const answers = await Promise.all(Object.values(runners).map((ask) => ask("hello")))
      const files = contents.files.map((file) => readFileSync(new URL(file, base), "utf8"))
      console.log(JSON.stringify({ bot, venues, answers, count, files, contents }))
    }`,
  "src/exchanges/binance/index.ts": `export const binanceUm = "marker of binance-um"`,
  "src/models/onnx/index.ts": `
    export const onnxRunner = (question) => new Promise((answer) => {
      const worker = new Worker(new URL("./worker.ts", import.meta.url))
      worker.onmessage = ({ data }) => { worker.terminate(); answer(data) }
      worker.postMessage(question)
    })`,
  "src/models/onnx/worker.ts": `
    import { word } from "./word.ts"
    self.onmessage = ({ data }) => postMessage(word + data)`,
  "src/models/onnx/word.ts": `export const word: string = "marker of onnx: "`,
  "src/models/zmq/index.ts": `export const zmqRunner = () => "marker of zmq"`,
  "migrations/first.sql": "CREATE TABLE orders (id TEXT)",
}

let folder: string
const temporary = process.env["TMPDIR"]
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "perigee-test-"))
  for (const [path, text] of Object.entries(LIBRARY)) write(`library/${path}`, text)
  symlinkSync(resolve(import.meta.dir, "../../../../node_modules"), join(folder, "library/node_modules"))
  write("bots/part.ts", `export const name: string = "tiny"`)
  write("bots/bot.ts", `import { bot } from "perigee"\nimport { name } from "./part.ts"\nexport default bot(name)`)
  write("bots/models/m.onnx", "a model")
  mkdirSync(join(folder, "tmp"))
  process.env["TMPDIR"] = join(folder, "tmp")
})
afterAll(() => {
  if (temporary === undefined) delete process.env["TMPDIR"]
  else process.env["TMPDIR"] = temporary
  rmSync(folder, { recursive: true, force: true })
})

const library = () => ({ root: join(folder, "library"), close: () => undefined })
const build = (botFile: string, outFile: string, tasks: TaskSpec[]) =>
  buildBot({
    bot: "tiny",
    botFile: join(folder, botFile),
    outFile: join(folder, outFile),
    tasks,
    version: "1.2.3",
    library,
  })

const orders: TaskSpec = { kind: "orders", id: "1", market: "binance-um" }
const model: TaskSpec = {
  kind: "predict",
  id: "1",
  runner: "onnx",
  source: "models/m.onnx",
  deadlineMs: 100,
  queueMax: 1,
  whenFull: "refuse",
  isInline: false,
}

/** Alone in an empty folder: what is not inside it is not there. */
async function run(file: string): Promise<unknown> {
  const empty = join(folder, "empty")
  mkdirSync(empty, { recursive: true })
  const process = Bun.spawn([join(folder, file)], { cwd: empty, stdout: "pipe", stderr: "inherit" })
  return JSON.parse(await new Response(process.stdout).text())
}

describe("a built bot", () => {
  test("runs with its library, database, migrations, worker and model file inside", async () => {
    const result = await build("bots/bot.ts", "full", [orders, model])
    expect(result).toMatchObject({ markets: ["binance-um"], models: ["onnx"], workers: ["src/models/onnx/worker.ts"] })
    expect(await run("full")).toEqual({
      bot: { name: "tiny" },
      venues: { "binance-um": "marker of binance-um" },
      answers: ["marker of onnx: hello"],
      count: 0,
      files: ["a model"],
      contents: {
        bot: "tiny",
        version: "1.2.3",
        bun: Bun.version,
        markets: ["binance-um"],
        models: ["onnx"],
        files: ["models/m.onnx"],
        native: [`better-sqlite3/${process.platform}-${process.arch}.node`],
        migrations: ["first.sql"],
      },
    })
  })

  test("may await at its top level", async () => {
    write("bots/waits.ts", `import { bot } from "perigee"\nexport default bot(await Promise.resolve("waited"))`)
    await build("bots/waits.ts", "waits", [orders])
    expect(await run("waits")).toMatchObject({
      bot: { name: "waited" },
      venues: { "binance-um": "marker of binance-um" },
    })
  })

  test("says which folder for it does not exist", async () => {
    await expect(build("bots/bot.ts", "nowhere/bot", [orders])).rejects.toThrow(/nowhere does not exist; make it first/)
  })

  test("holds nothing its declaration does not name", async () => {
    await build("bots/bot.ts", "plain", [orders])
    const bytes = readFileSync(join(folder, "plain"))
    const found = ["marker of binance-um", "marker of onnx", "marker of zmq"].filter((marker) => bytes.includes(marker))
    expect(found).toEqual(["marker of binance-um"])
    expect(bytes.includes(folder)).toBe(false)
  })
})

describe("a build that fails", () => {
  test("names each place the bundler stumbled over and leaves what was there", async () => {
    write("bots/broken.ts", `import { none } from "./nowhere.ts"\nimport "also-nowhere"\nexport default none`)
    write("kept", "as it was")
    const failure = await build("bots/broken.ts", "kept", [orders]).catch((error: unknown) => String(error))
    expect(failure).toContain("./nowhere.ts")
    expect(failure).toContain("also-nowhere")
    expect(failure).toContain("broken.ts:2")
    expect(readFileSync(join(folder, "kept"), "utf8")).toBe("as it was")
  })

  test("says where it could not write and leaves no part of a file", async () => {
    write("blocked/bot/in-the-way", "")
    await expect(build("bots/bot.ts", "blocked/bot", [orders])).rejects.toThrow(/cannot write .*blocked\/bot/)
    expect(readdirSync(join(folder, "blocked"))).toEqual(["bot"])
  })

  test("or succeeds leaves nothing behind among the temporary files", async () => {
    await build("bots/bot.ts", "tidy", [orders])
    await build("bots/none.ts", "none", [orders]).catch(() => undefined)
    await build("bots/bot.ts", "none", [{ ...model, source: "none.onnx" }]).catch(() => undefined)
    expect(readdirSync(join(folder, "tmp"))).toEqual([])
    expect(readdirSync(folder)).not.toContain("none")
  })
})
