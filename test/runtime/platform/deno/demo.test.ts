import { afterAll, describe, expect, test } from "bun:test"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inputsOf } from "../../../../src/runtime/cli/build/compile.ts"
import { deno, hasDeno } from "./runtime.ts"

const root = join(import.meta.dir, "../../../..")
const main = join(root, "src/main.ts")
const home = mkdtempSync(join(tmpdir(), "perigee-deno-"))
afterAll(() => rmSync(home, { recursive: true }))

/** Only what a bot may read: nothing of this process's own environment but where programs are, and the simulated account. */
const env = {
  PATH: process.env["PATH"] ?? "",
  HOME: home,
  NO_COLOR: "1",
  BINANCE_API_KEY: "perigee-simulated-key",
  BINANCE_SECRET_KEY: "perigee-simulated-secret",
}

const start = (words: readonly string[]) =>
  Bun.spawn([...deno, main, ...words], { cwd: home, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" })

async function ended(child: ReturnType<typeof start>) {
  const [out, err, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { status, out, err }
}

/** A bot file outside the checkout. */
function botFile(name: string, lines: readonly string[]): string {
  const file = join(home, `${name}.ts`)
  writeFileSync(file, lines.join("\n"))
  return file
}

const watching = [
  'import { bot, trades, zmq } from "perigee"',
  'const tape = trades("binance-um", ["BTC_USDT_PERP"])',
  'const model = zmq("tcp://127.0.0.1:5555")',
]

describe.skipIf(!hasDeno)("on Deno", () => {
  test("the demo trades over real sockets with its model and keeps its orders in a database", async () => {
    const child = start(["demo", "--seconds", "8", "--rate", "400", "--db", "demo.db", "--json"])
    const { status, out, err } = await ended(child)
    expect({ status, err }).toEqual({ status: 0, err: "" })
    const summary = JSON.parse(out)
    expect(summary).toMatchObject({ bookGaps: 0, unknownOrders: 0, why: "its time is up" })
    expect(summary.events).toBeGreaterThan(1_000)
    expect(summary.orders).toBeGreaterThan(0)
    expect(summary.fills).toBeGreaterThan(0)
    expect(readdirSync(home)).toContain("demo.db")
  }, 60_000)

  test("the demo stops when it is asked to, and its exchange with it", async () => {
    const child = start(["demo", "--json", "--db", "stopped.db"])
    const address = join(home, "stopped.db.endpoint.json")
    while (!(await Bun.file(address).exists())) await Bun.sleep(20)
    const { host, port } = (await Bun.file(address).json()) as { host: string; port: number }
    const page = await fetch(`http://${host}:${port}/`)
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
    child.kill("SIGTERM")
    // The exchange writes to the same stderr: that ends only when both have.
    const { status, out } = await ended(child)
    expect([status, JSON.parse(out).why]).toEqual([0, "SIGTERM"])
  }, 60_000)

  test("the demo on a virtual clock writes the trace that it writes on Bun, line by line", async () => {
    const words = ["demo", "--virtual", "--json", "--seed", "7", "--seconds", "10", "--trace"]
    const onBun = Bun.spawn([process.execPath, main, ...words, "bun.trace"], {
      cwd: home,
      env,
      stdout: "pipe",
      stderr: "pipe",
    })
    expect(await ended(onBun)).toMatchObject({ status: 0, err: "" })
    expect(await ended(start([...words, "deno.trace", "--same-as", "bun.trace"]))).toMatchObject({ status: 0, err: "" })
    const lines = (await Bun.file(join(home, "deno.trace")).text()).split("\n")
    expect(lines.length).toBeGreaterThan(2_000)
    const other = await ended(start([...words.with(4, "8"), "other.trace", "--same-as", "bun.trace"]))
    expect([other.status, other.err]).toEqual([1, expect.stringMatching(/^line \d+ differs from .*bun\.trace:\n/)])
  }, 60_000)

  test("a bot file anywhere imports the library by its name", async () => {
    const bot = 'export default bot({ name: "watching" }).task(tape).strategy({ onTrade() {} })'
    const file = botFile("watching", [...watching, bot])
    const exchange = start(["sim", "binance-um", "--port", "0", "--json"])
    const { url } = JSON.parse(await firstLine(exchange.stdout)) as { url: string }
    const words = [
      "run",
      file,
      "--live",
      "--endpoint",
      url,
      "--seconds",
      "2",
      "--http-port",
      "0",
      "--log",
      "error",
      "--json",
    ]
    const { status, out, err } = await ended(start(words))
    exchange.kill()
    expect({ status, err }).toEqual({ status: 0, err: "" })
    expect(JSON.parse(out).events).toBeGreaterThan(0)
  }, 60_000)

  test("a ZeroMQ model is refused in one plain line before anything starts", async () => {
    const bot = 'export default bot({ name: "asking" }).task(tape).task(model).strategy({ onTrade() {}, onPreds() {} })'
    const file = botFile("asking", [...watching, bot])
    const words = ["run", file, "--live", "--endpoint", "http://127.0.0.1:1", "--http-port", "0"]
    expect(await ended(start(words))).toEqual({
      status: 2,
      out: "",
      err: expect.stringMatching(/^perigee run: [^\n]*ZeroMQ models run on Bun only; run this bot on Bun\n$/),
    })
  }, 30_000)

  test("the demo with its model behind ZeroMQ is refused in one plain line before anything starts", async () => {
    expect(await ended(start(["demo", "--model", "zmq"]))).toEqual({
      status: 2,
      out: "",
      err: "perigee demo: --model zmq needs Bun: ZeroMQ models run there only\n",
    })
  }, 30_000)

  test("an executable is refused in one plain line", async () => {
    expect(await ended(start(["build", join(root, "src/strategies/momentum.ts")]))).toEqual({
      status: 2,
      out: "",
      err: "perigee build: executables are made by Bun's bundler: run this command on Bun\n",
    })
  }, 30_000)

  test("no module of Bun's platform is loaded", async () => {
    const child = Bun.spawn([deno[0]!, "info", "--json", main], { cwd: root, env, stdout: "pipe", stderr: "pipe" })
    const { modules } = JSON.parse((await ended(child)).out) as { modules: { specifier: string }[] }
    expect(platforms(modules.map(({ specifier }) => specifier))).toEqual(["deno", "shared"])
  }, 30_000)
})

test("there is a Deno to test on wherever its package has one", async () => {
  const manifest = (await Bun.file(join(root, "node_modules/deno/package.json")).json()) as {
    optionalDependencies: Record<string, string>
  }
  const names = Object.keys(manifest.optionalDependencies)
  const here = names.some((name) => name.startsWith(`@deno/${process.platform}-${process.arch}`))
  expect(names.length).toBeGreaterThan(3)
  expect(hasDeno).toBe(here)
})

test("no module of Deno's platform is in a program for Bun", async () => {
  expect(platforms(await inputsOf({ root, entry: main }))).toEqual(["bun", "shared"])
}, 30_000)

const platforms = (paths: readonly string[]): string[] =>
  [...new Set(paths.flatMap((path) => /\/src\/runtime\/platform\/([a-z]+)\//.exec(path)?.[1] ?? []))].toSorted()

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ""
  while (!text.includes("\n")) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`it ended first: ${text}`)
    text += decoder.decode(value, { stream: true })
  }
  return text.slice(0, text.indexOf("\n"))
}
