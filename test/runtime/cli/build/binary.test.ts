import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { buildPerigee } from "../../../../src/runtime/cli/build/carry.ts"
import { cleanUp, interpreter, kit, service } from "../../../models/zmq/fixtures.ts"
import { VERSION } from "../../../../src/runtime/cli/version.ts"

const root = resolve(import.meta.dir, "../../../..")
const BOT = `
import { bot, orders, trades } from "perigee"
import { wanted } from "./wanted.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const router = orders("binance-um")
let count = 0

export default bot({ name: "once", account: "exclusive", limits: { orderNotionalMax: "1000" } })
  .task(tape)
  .task(router)
  .strategy({
    onTrade({ data }, ctx) {
      if (++count !== wanted) return
      const price = (data.price * 1.001).toFixed(1)
      ctx.submit(router, { inst: "BTC_USDT_PERP", side: "BUY", size: "0.002", price, timeInForce: "ioc" })
    },
  }, { on: [tape] })
`

let folder: string
let empty: string
let perigee: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "perigee-test-"))
  empty = join(folder, "empty")
  mkdirSync(empty)
  await interpreter()
  perigee = join(folder, "perigee")
  await buildPerigee({ root, outFile: perigee, version: VERSION })
  writeFileSync(join(empty, "once.ts"), BOT)
  writeFileSync(join(empty, "wanted.ts"), "export const wanted: number = 3")
}, 120_000)
afterAll(async () => {
  await cleanUp()
  rmSync(folder, { recursive: true, force: true })
})

const KEYS = { BINANCE_API_KEY: "perigee-simulated-key", BINANCE_SECRET_KEY: "perigee-simulated-secret" }

/** In the empty folder, with an environment of its own. */
const start = (command: readonly string[]) =>
  Bun.spawn([...command], { cwd: empty, env: { ...KEYS, TMPDIR: tmpdir() }, stdout: "pipe", stderr: "pipe" })

async function run(command: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const process = start(command)
  const [out, err, status] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.exited,
  ])
  return { status, out, err }
}

const lastLine = (out: string): unknown => JSON.parse(out.trimEnd().split("\n").at(-1) ?? "")

/** The last line of what a program printed; its errors where it failed. */
async function said(command: readonly string[]): Promise<unknown> {
  const { status, out, err } = await run(command)
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${err || out}`)
  return lastLine(out)
}

// Where the system allows it, in a network of its own that has nothing but loopback.
const NO_NETWORK = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
const unshare = Bun.which("unshare")
const canIsolate = unshare !== null && Bun.spawnSync([...NO_NETWORK, "true"]).exitCode === 0
const alone = (command: readonly string[]): string[] =>
  unshare !== null && canIsolate ? [unshare, ...NO_NETWORK.slice(1), ...command] : [...command]

async function withExchange(use: (url: string) => Promise<void>): Promise<void> {
  const exchange = start([perigee, "sim", "binance-um", "--port", "0", "--json"])
  try {
    const reader = exchange.stdout.getReader()
    const { value } = await reader.read()
    await use((JSON.parse(new TextDecoder().decode(value)) as { url: string }).url)
  } finally {
    exchange.kill()
    await exchange.exited
  }
}

const live = (url: string): string[] => [
  ...["--live", "--endpoint", url, "--http-port", "0", "--seconds", "2", "--json", "--log", "warn"],
]
const traded = { orders: 1, fills: 1, bookGaps: 0, unknownOrders: 0 }

describe("the one executable, in an empty folder without network", () => {
  test("runs the demo", async () => {
    const summary = (await said(alone([perigee, "demo", "--seconds", "2", "--json"]))) as { events: number }
    expect(summary).toMatchObject({ bookGaps: 0, unknownOrders: 0 })
    expect(summary.events).toBeGreaterThan(50)
  }, 60_000)

  test("runs the demo with its model in a Python service, which lies inside too", async () => {
    const env = { PERIGEE_PYTHON: await interpreter(), TMPDIR: tmpdir() }
    const words = [perigee, "demo", "--model", "zmq", "--seconds", "8", "--rate", "500", "--json"]
    const process = Bun.spawn(alone(words), { cwd: empty, env, stdout: "pipe", stderr: "pipe" })
    const [out, err, status] = await Promise.all([process.stdout.text(), process.stderr.text(), process.exited])
    expect({ status, err }).toEqual({ status: 0, err: "" })
    const summary = JSON.parse(out) as { predictions: number; predictionFailures: number }
    expect(summary).toMatchObject({ bookGaps: 0, unknownOrders: 0, predictionFailures: 0 })
    expect(summary.predictions).toBeGreaterThan(5)
  }, 60_000)

  test("runs a bot file that imports perigee and its own parts, and replays what it recorded", async () => {
    const words = ["--db", "run.db", "--record", "run.tape"]
    await withExchange(async (url) => {
      expect(await said([perigee, "run", "once.ts", ...live(url), ...words])).toMatchObject(traded)
    })
    const replayed = await said(alone([perigee, "replay", "once.ts", "--tape", "run.tape", "--json"]))
    expect(replayed).toMatchObject({ ...traded, why: "the tape ends" })
  }, 60_000)

  test("builds a bot that trades, says what is inside, and holds nothing else", async () => {
    const built = await said(alone([perigee, "build", "once.ts", "-o", "once", "--json"]))
    expect(built).toMatchObject({ markets: ["binance-um"], models: [] })
    const once = join(empty, "once")
    expect(await said(alone([once, "--version", "--json"]))).toEqual({
      bot: "once",
      version: VERSION,
      bun: Bun.version,
      markets: ["binance-um"],
      models: [],
      files: [],
      native: [`better-sqlite3/${process.platform}-${process.arch}.node`],
      migrations: readdirSync(join(root, "migrations"))
        .filter((name) => name.endsWith(".sql"))
        .toSorted(),
    })
    const bytes = readFileSync(once)
    // The simulated exchange, the runtime of ONNX models, the sample bot, libzmq, the packed library.
    const foreign = [
      "perigee-simulated-key",
      "ort-wasm",
      "OrtCreateSession",
      "momentum",
      "zmq_msg_init",
      "library.pack",
    ]
    expect(foreign.filter((marker) => bytes.includes(marker))).toEqual([])
    expect(["fapi.binance.com", "CREATE TABLE"].filter((marker) => !bytes.includes(marker))).toEqual([])
    await withExchange(async (url) => expect(await said([once, ...live(url)])).toMatchObject(traded))
  }, 90_000)

  test("builds a bot with its ONNX model inside", async () => {
    mkdirSync(join(empty, "models"), { recursive: true })
    for (const file of ["momentum.ts", "features.ts", "models/momentum.onnx"]) {
      copyFileSync(join(root, "src/strategies", file), join(empty, file))
    }
    const built = await said(alone([perigee, "build", "momentum.ts", "-o", "elsewhere", "--json"]))
    expect(built).toMatchObject({ models: ["onnx"], files: ["models/momentum.onnx"] })
    rmSync(join(empty, "models"), { recursive: true })
    await withExchange(async (url) => {
      const summary = await said([join(empty, "elsewhere"), ...live(url)])
      expect(summary).toMatchObject({ bookGaps: 0, unknownOrders: 0, why: "its time is up" })
    })
  }, 90_000)

  test("builds a bot that asks services, plain and encrypted, with libzmq inside", async () => {
    const text = `
      import { bot, schedule, zmq } from "perigee"
      const tick = schedule({ everyMs: 100 })
      const models = [zmq("PLAIN", { curve: false, mode: "dealer" }), zmq("SECRET", { curve: true })] as const
      export default bot({ name: "asks" }).task(tick).task(models[0]).task(models[1]).strategy({
        onSchedule(_, ctx) {
          for (const model of models)
            ctx.predict(model, { timestamp: ctx.now(), data: Float32Array.of(1), shape: [1], metadata: {} })
        },
        onPreds({ data, task }, ctx) {
          if (data.data[0] !== 2) throw new Error("that is not twice as much")
          ctx.state.set("asked" + task.id, true)
          if (ctx.state.get("asked1", false) && ctx.state.get("asked2", false)) ctx.log.warn("both answered")
        },
      })`
    const pair = await service(["-c", "import zmq; print(*[key.decode() for key in zmq.curve_keypair()])"])
    const [key = "", secret = ""] = pair.line.split(" ")
    const double = "def predict(x, metadata): return 2 * x"
    const plain = await kit(double, `0, "router"`)
    const encrypted = await kit(double, "0", { PERIGEE_ZMQ_SERVER_SECRET_KEY: secret })
    writeFileSync(join(empty, "asks.ts"), text.replace("PLAIN", plain.endpoint).replace("SECRET", encrypted.endpoint))
    const built = await said(alone([perigee, "build", "asks.ts", "-o", "asks", "--json"]))
    expect(built).toMatchObject({ models: ["zmq"], native: expect.arrayContaining(["zeromq/addon.node"]) })
    expect(readFileSync(join(empty, "asks")).includes("ort-wasm")).toBe(false)
    const words = [join(empty, "asks"), "--live", "--http-port", "0", "--seconds", "1", "--json", "--log", "warn"]
    const env = { PERIGEE_ZMQ_SERVER_KEY: key, TMPDIR: tmpdir() }
    const process = Bun.spawn(words, { cwd: empty, env, stdout: "pipe", stderr: "pipe" })
    const [out, err, status] = await Promise.all([process.stdout.text(), process.stderr.text(), process.exited])
    expect({ status, err }).toEqual({ status: 0, err: "" })
    expect(out).toContain("both answered")
    expect(lastLine(out)).toMatchObject({ predictionFailures: 0 })
  }, 90_000)

  test("refuses a file that exports no bot and writes nothing", async () => {
    writeFileSync(join(empty, "nothing.ts"), "export default 1")
    const { status, err } = await run([perigee, "build", "nothing.ts", "-o", "nothing"])
    expect({ status, err }).toMatchObject({ status: 2, err: expect.stringContaining("does not export a bot") })
    expect(readdirSync(empty)).not.toContain("nothing")
  })
})
