// A running bot's endpoint, asked from outside while it trades on a simulated exchange.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { accountAt } from "./account.ts"
import { folder, run, type Simulator, startSimulator } from "./program.ts"
import { type Running, type RunningOptions, startBot, TOKEN } from "./running.ts"
import { until } from "./until.ts"

const SYMBOL = "BTCUSDT"
let sim: Simulator
let home: ReturnType<typeof folder>
let bots: Running[] = []

// An exchange for each: a bot with an empty database finds there what an earlier one of its name has done.
beforeEach(async () => {
  home = folder()
  sim = await startSimulator()
})
afterEach(async () => {
  for (const { program } of bots) program.signal("SIGKILL")
  await Promise.all(bots.map(({ program }) => program.ended))
  bots = []
  home.remove()
  sim.program.signal("SIGTERM")
  await sim.program.ended
})

async function steady(options: Partial<RunningOptions> = {}): Promise<Running> {
  const bot = await startBot(sim, "steady", { home: home.path, ...options })
  bots.push(bot)
  return bot
}

const perigee = (words: readonly string[], env: Record<string, string> = { PERIGEE_TOKEN: TOKEN }) =>
  run(words, { cwd: home.path, env })

const reasonsOf = ({ json }: { json: Record<string, unknown> }): string => (json["reasons"] as string[]).join("; ")

/** Prometheus text, strictly: every sample belongs to a family that was introduced; values are numbers. */
function families(text: string): Map<string, { type: string; samples: number[] }> {
  const found = new Map<string, { type: string; samples: number[] }>()
  for (const line of text.trimEnd().split("\n")) {
    const introduced = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram|summary)$/.exec(line)
    if (introduced !== null) found.set(introduced[1]!, { type: introduced[2]!, samples: [] })
    if (line.startsWith("# ")) continue
    const sample = /^([a-z_:][a-z0-9_:]*)(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})? (\S+)$/.exec(line)
    expect([line, sample === null]).toEqual([line, false])
    const name = sample![1]!
    const family = found.get(name) ?? found.get(name.replace(/_(?:bucket|sum|count)$/, ""))
    expect([line, family === undefined, Number.isNaN(Number(sample![2]!.replace("+Inf", "Infinity")))]).toEqual([
      line,
      false,
      false,
    ])
    family!.samples.push(Number(sample![2]))
  }
  return found
}

describe("a running bot", () => {
  test("is healthy at once and not ready, with reasons, while its venue is out of reach", async () => {
    const bot = await steady({ endpoint: "http://127.0.0.1:1", isEarly: true })
    const health = await bot.ask("GET", "/health")
    expect([health.status, health.json["ok"]]).toEqual([200, true])
    const ready = await bot.ask("GET", "/ready")
    expect([ready.status, ready.json["ready"]]).toEqual([503, false])
    expect(reasonsOf(ready)).not.toBe("")
    const word = await perigee(["status", "--db", bot.database, "--check", "ready"])
    expect([word.status, word.err.startsWith("not ready: ")]).toEqual([EXIT.notReady, true])
  })

  test("tells its state, its metrics and its events", async () => {
    const bot = await steady({ words: ["--set", "buys=false"] })
    await until("its order rests", async () => (await accountAt(sim).openOrders(SYMBOL)).length === 1)
    const heard = await events(bot, async () => {
      await bot.control("cancel-all")
      await until("it places its order anew", async () => (await accountAt(sim).openOrders(SYMBOL)).length > 0)
    })
    const states = heard.filter(({ name }) => name === "order").map(({ data }) => orderState(data))
    expect(states).toContain("canceled")
    expect(states).toContain("open")

    const { status, json } = await bot.ask("GET", "/state")
    expect([status, json["bot"], json["mode"], json["status"]]).toEqual([200, "steady", "live", "running"])
    expect(json["books"]).toMatchObject([{ inst: "BTC_USDT_PERP", state: "live", gaps: 0 }])
    expect((json["orders"] as { state: string }[])[0]?.state).toBe("open")
    expect(json["parameters"]).toEqual({ buys: false, rests: true, note: "" })

    const metrics = await bot.ask("GET", "/metrics")
    const found = families(metrics.text)
    expect(found.get("perigee_orders_total")?.samples[0]).toBeGreaterThan(1)
    expect(found.get("perigee_frames_total")?.samples[0]).toBeGreaterThan(10)
    expect([...found.values()].every(({ samples }) => samples.length > 0)).toBe(true)
  })

  test("is read without the token on this machine, and controlled with it only", async () => {
    const bot = await steady()
    expect((await bot.ask("GET", "/state")).status).toBe(200)
    expect((await bot.ask("POST", "/control/pause")).status).toBe(401)
    expect((await bot.ask("POST", "/control/pause", { token: "another" })).status).toBe(401)
    const refused = await perigee(["pause", "--db", bot.database], {})
    expect([refused.status, refused.err]).toEqual([
      EXIT.failed,
      "pause was refused (401): the bearer token is missing or wrong\n",
    ])
    expect(await bot.isReady()).toBe(true)
  })

  test("paused places nothing, also after it was killed and started again, until it is resumed", async () => {
    const bot = await steady({ words: ["--set", "buys=false"] })
    expect((await bot.control("pause", { why: "a look at the book" })).status).toBe(200)
    expect((await bot.control("cancel-all")).status).toBe(200)
    // One may have been refused before, while the bot still compared itself with the venue.
    await until("its orders are refused", () => bot.program.out().includes("the bot is paused: a look at the book"))
    expect(reasonsOf(await bot.ask("GET", "/ready"))).toContain("the bot is paused: a look at the book")
    await bot.end("SIGKILL")

    const again = await steady({ words: ["--set", "buys=false"], isEarly: true })
    await until("it is reconciled", async () => {
      const reasons = reasonsOf(await again.ask("GET", "/ready"))
      return reasons === "the bot is paused: a look at the book"
    })
    await until("its orders are refused", () => again.program.out().includes('"event":"refused"'))
    expect(await accountAt(sim).openOrders(SYMBOL)).toEqual([])
    expect((await again.control("resume")).status).toBe(200)
    await until("it trades again", async () => (await accountAt(sim).openOrders(SYMBOL)).length > 0)
    expect(await again.isReady()).toBe(true)
  })

  test("cancels all, flattens to zero and stops when it is told to", async () => {
    const bot = await steady()
    const account = accountAt(sim)
    await until("it has bought", async () => (await account.position(SYMBOL)) === 0.004)
    await until("its order rests", async () => (await account.openOrders(SYMBOL)).length === 1)
    await bot.control("pause")
    const canceled = await bot.control("cancel-all")
    expect([canceled.status, await account.openOrders(SYMBOL)]).toEqual([200, []])
    const flattened = await bot.control("flatten")
    expect([flattened.status, await account.position(SYMBOL)]).toEqual([200, 0])
    expect((await bot.control("stop")).status).toBe(200)
    expect(await bot.program.ended).toBe(EXIT.ok)
    expect(bot.program.err()).toBe("")
  })

  test("is found and led by the command line through its database", async () => {
    const bot = await steady({ words: ["--set", "rests=false"] })
    const account = accountAt(sim)
    await until("it has bought", async () => (await account.position(SYMBOL)) === 0.004)
    const tokenFile = join(home.path, "token")
    writeFileSync(tokenFile, `${TOKEN}\n`)
    const env = { PERIGEE_TOKEN_FILE: tokenFile }
    const where = ["--db", bot.database]
    expect(await perigee(["status", ...where, "--check", "ready"])).toEqual({ status: EXIT.ok, out: "", err: "" })
    const told = await perigee(["status", ...where, "--json"])
    expect(JSON.parse(told.out)).toMatchObject({ url: bot.url, ready: { ready: true }, state: { bot: "steady" } })
    const shown = (await perigee(["status", ...where])).out
    expect(shown).toStartWith(`${bot.url}: ready\nbot        steady `)
    expect(shown).toContain("\npositions  BTC_USDT_PERP 0.004\n")
    expect(shown).toContain("\norders     0 open, ")
    expect(shown.split("\n").length).toBeLessThan(25)
    expect(await perigee(["pause", ...where], env)).toEqual({ status: EXIT.ok, out: "pause: done\n", err: "" })
    expect((await perigee(["status", ...where], env)).status).toBe(EXIT.notReady)
    expect((await perigee(["flatten", ...where], env)).status).toBe(EXIT.ok)
    expect(await account.position(SYMBOL)).toBe(0)
    expect((await perigee(["resume", ...where, "--json"], env)).out).toBe('{"done":true,"message":"resumed"}\n')
    expect((await perigee(["stop", ...where], env)).status).toBe(EXIT.ok)
    expect(await bot.program.ended).toBe(EXIT.ok)
    expect((await perigee(["status", ...where], env)).status).toBe(EXIT.unreachable)
  })

  test("shows no secret anywhere, whatever its strategy does with them", async () => {
    const planted = [sim.secret, sim.apiKey, TOKEN]
    // Each of them once in a parameter, a log line and its name, a metric's label, the kept state and a thrown error.
    const shown: string[] = []
    for (const note of planted) {
      const bot = await steady({ words: ["--log", "debug", "--set", `note=${note}`], env: { NODE_ENV: "production" } })
      const heard = await events(bot, () => until("errors are told", () => bot.program.out().includes("thrown with")))
      await bot.control("pause", { why: `because of ${note}` })
      const paths = ["/health", "/ready", "/state", "/metrics", "/"]
      const answers = await Promise.all(paths.map((path) => bot.ask("GET", path, { token: TOKEN })))
      expect(answers.map(({ status }) => status)).toEqual([200, 503, 200, 200, 200])
      expect(heard.length).toBeGreaterThan(0)
      shown.push(...answers.map(({ text }) => text), JSON.stringify(heard))
      await bot.end()
      shown.push(bot.program.out(), bot.program.err())
      await bot.program.ended
      home.remove()
      home = folder()
    }
    for (const text of shown) for (const secret of planted) expect(text).not.toContain(secret)
    expect(shown.filter((text) => text.includes("[REDACTED]")).length).toBeGreaterThan(planted.length)
  })
})

const orderState = (data: unknown): string => (data as { data: { order: { state: string } } }).data.order.state

interface Heard {
  readonly name: string
  readonly data: unknown
}

/** What `/events` tells while something happens, and for a moment after. */
async function events(bot: Running, happens: () => Promise<void>): Promise<Heard[]> {
  const stop = new AbortController()
  const reply = await fetch(`${bot.url}/events`, { headers: { authorization: `Bearer ${TOKEN}` }, signal: stop.signal })
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/event-stream"])
  let text = ""
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of reply.body!) text += decoder.decode(chunk, { stream: true })
  })().catch(() => undefined)
  await happens()
  await until("an event was told", () => text.includes("\n\n"))
  await Bun.sleep(200)
  stop.abort()
  await reading
  return text.split("\n\n").flatMap((block) => {
    const name = /^event: (.+)$/m.exec(block)?.[1]
    const data = /^data: (.+)$/m.exec(block)?.[1]
    return name === undefined || data === undefined ? [] : [{ name, data: JSON.parse(data) as unknown }]
  })
}

test("what a bot leaves behind beside its database is gone or holds no secret", async () => {
  const bot = await steady()
  const address = readdirSync(home.path).filter((name) => name.endsWith(".endpoint.json"))
  expect(address.length).toBe(1)
  expect(readFileSync(join(home.path, address[0]!), "utf8")).not.toContain(TOKEN)
  expect(await bot.end()).toBe(EXIT.ok)
  expect(readdirSync(home.path).sort()).toEqual(["steady.db", "steady.db.lock"])
})
