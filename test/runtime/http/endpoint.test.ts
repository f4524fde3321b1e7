import { expect, test } from "bun:test"
import { createHash } from "node:crypto"
import { Metrics } from "../../../src/runtime/domain/metrics.ts"
import type { StateImage } from "../../../src/runtime/http/deps.ts"
import { endpoint } from "../../../src/runtime/http/endpoint.ts"
import { bearer, elsewhere, here, image, testBot, TOKEN } from "./support.ts"

const ask = (path: string, init: RequestInit = {}): Request => new Request(`http://127.0.0.1:8080${path}`, init)
const post = (path: string, body?: string): Request =>
  ask(path, { method: "POST", headers: bearer(), ...(body === undefined ? {} : { body }) })

test("health answers with uptime and loop lag and nothing else", async () => {
  const reply = await endpoint(
    testBot({ health: () => ({ uptimeMs: 5, loopLagMs: 1, balance: "9" }) as never }).deps,
  ).fetch(ask("/health"), elsewhere)
  expect([reply.status, await reply.json()]).toEqual([200, { ok: true, uptimeMs: 5, loopLagMs: 1 }])
})

test("readiness is 200 when nothing speaks against trading, else 503 with the reasons; it names the mode and what it skipped", async () => {
  const ready = await endpoint(testBot().deps).fetch(ask("/ready"), elsewhere)
  const skipped = ["private stream", "reconciled"]
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, mode: "demo", reasons: [], skipped }])
  const reasons = ["book BTC_USDT_PERP is quarantined", "clock out of bounds"]
  const unready = await endpoint(testBot({ ready: () => ({ mode: "live", reasons, skipped: [] }) }).deps).fetch(
    ask("/ready"),
    elsewhere,
  )
  expect([unready.status, await unready.json()]).toEqual([503, { ready: false, mode: "live", reasons, skipped: [] }])
})

test("the state is told as it is", async () => {
  const reply = await endpoint(testBot().deps).fetch(ask("/state"), here)
  expect(await reply.json()).toEqual(image as unknown as Record<string, unknown>)
  expect(reply.headers.get("cache-control")).toBe("no-store")
})

test("planted secrets appear in no answer, not even in that of an error", async () => {
  const secrets = ["PLANTED-KEY", "PLANTED/SECRET+1"]
  const planted = `key PLANTED-KEY, secret ${encodeURIComponent("PLANTED/SECRET+1")}, token ${TOKEN}`
  const state: StateImage = {
    ...image,
    statusWhy: planted,
    parameters: {
      apiSecret: "not in the list",
      url: `https://x/?signature=${secrets[1]}`,
      nested: [{ a: secrets[0] }],
    },
  }
  const bot = testBot({
    secrets,
    state: () => state,
    ready: () => ({ mode: "live", reasons: [planted], skipped: [] }),
    metrics: () => {
      throw new Error(planted, { cause: new Error(secrets[1]) })
    },
  })
  bot.deps.control.pause = () => Promise.resolve({ isDone: false, message: planted, details: { planted } })
  bot.deps.control.stop = () => Promise.reject(new Error(planted))
  const served = endpoint(bot.deps)
  const events = await served.fetch(ask("/events"), here)
  bot.emit({ name: "order", data: { why: planted, PLANTED: { "PLANTED-KEY": 1 } } })
  served.close()
  const told = [await events.text()]
  for (const asked of [ask("/state"), ask("/ready"), ask("/metrics"), post("/pause"), post("/stop")]) {
    told.push(await (await served.fetch(asked, here)).text())
  }
  for (const text of told) {
    expect(text).toContain("[REDACTED]")
    for (const secret of [...secrets, "PLANTED%2FSECRET", "not in the list", TOKEN]) expect(text).not.toContain(secret)
  }
})

test.each([
  ["pause", "pause (asked for over the endpoint)"],
  ["resume", "resume"],
  ["cancel-all", "cancel-all"],
  ["flatten", "flatten"],
  ["stop", "stop"],
])("POST %s reaches the bot once under both its paths", async (name, called) => {
  const bot = testBot()
  const served = endpoint(bot.deps)
  const reply = await served.fetch(post(`/control/${name}`), elsewhere)
  expect([reply.status, await reply.json()]).toEqual([200, { done: true, message: `${called} done` }])
  await served.fetch(post(`/${name}`), elsewhere)
  expect(bot.called).toEqual([called, called])
})

test("a pause carries its reason", async () => {
  const bot = testBot()
  await endpoint(bot.deps).fetch(post("/pause", '{"why":"deploy"}'), elsewhere)
  await endpoint(bot.deps).fetch(post("/pause", "not json"), elsewhere)
  expect(bot.called).toEqual(["pause (deploy)", "pause (asked for over the endpoint)"])
})

test("settling wants the order's client id", async () => {
  const bot = testBot()
  const nameless = await endpoint(bot.deps).fetch(post("/control/settle"), elsewhere)
  const named = await endpoint(bot.deps).fetch(post("/control/settle", '{"clientId":"ab12"}'), elsewhere)
  expect([nameless.status, named.status, bot.called]).toEqual([409, 200, ["settle (ab12)"]])
})

test("what was understood but not done is a 409, what failed a 500, and a body too large a 413", async () => {
  const bot = testBot()
  bot.deps.control.flatten = () =>
    Promise.resolve({ isDone: false, message: "one order is unknown", details: { left: "0.1" } })
  bot.deps.control.stop = () => Promise.reject(new Error("no"))
  const served = endpoint(bot.deps)
  const undone = await served.fetch(post("/flatten"), here)
  expect([undone.status, await undone.json()]).toEqual([
    409,
    { done: false, message: "one order is unknown", left: "0.1" },
  ])
  const failed = await served.fetch(post("/stop"), here)
  expect([failed.status, await failed.json()]).toEqual([500, { error: "no" }])
  expect((await served.fetch(post("/pause", "x".repeat(5000)), here)).status).toBe(413)
})

test("an unknown path is a 404, a wrong method a 405 that names the right one, both as JSON", async () => {
  const bot = testBot()
  const served = endpoint(bot.deps)
  const missing = await served.fetch(ask("/nothing"), elsewhere)
  expect([missing.status, await missing.json()]).toEqual([404, { error: "there is no /nothing" }])
  const wrong = await served.fetch(ask("/control/pause", { headers: bearer() }), elsewhere)
  expect([wrong.status, wrong.headers.get("allow"), await wrong.json()]).toEqual([
    405,
    "POST",
    { error: "/control/pause takes POST, not GET" },
  ])
  const written = await served.fetch(post("/state"), elsewhere)
  expect([written.status, written.headers.get("allow")]).toEqual([405, "GET, HEAD"])
  expect((await served.fetch(ask("/health", { method: "HEAD" }), elsewhere)).status).toBe(200)
  expect(bot.called).toEqual([])
})

test("metrics are Prometheus text: help, type, escaped labels, buckets in seconds", async () => {
  const metrics = new Metrics()
  metrics.counter("perigee_orders_total", "Orders\nsent.", { market: "binance-um", why: 'say "hi" \\ \n' }).value += 3
  metrics.counter("perigee_orders_total", "Orders\nsent.", { market: "okx", why: "" })
  metrics.gauge("perigee_rss_bytes", "Resident memory.").value = Number.POSITIVE_INFINITY
  const latency = metrics.histogram("perigee_turn_seconds", "Turns.", { bot: "a" })
  for (const us of [1, 3, 1000, 2 ** 30]) latency.record(us)
  const reply = await endpoint(testBot({ metrics: () => metrics }).deps).fetch(ask("/metrics"), here)
  expect(reply.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
  const lines = (await reply.text()).split("\n")
  expect(lines.slice(0, 8)).toEqual([
    "# HELP perigee_orders_total Orders\\nsent.",
    "# TYPE perigee_orders_total counter",
    'perigee_orders_total{market="binance-um",why="say \\"hi\\" \\\\ \\n"} 3',
    'perigee_orders_total{market="okx",why=""} 0',
    "# HELP perigee_rss_bytes Resident memory.",
    "# TYPE perigee_rss_bytes gauge",
    "perigee_rss_bytes +Inf",
    "# HELP perigee_turn_seconds Turns.",
  ])
  const bucket = (le: string): string | undefined => lines.find((line) => line.includes(`le="${le}"`))?.split(" ")[1]
  expect([bucket("0.000001"), bucket("0.000002"), bucket("0.000004"), bucket("0.001024"), bucket("+Inf")]).toEqual([
    "1",
    "1",
    "2",
    "3",
    "4",
  ])
  expect(lines.slice(-3)).toEqual([
    'perigee_turn_seconds_sum{bot="a"} 1073.742828',
    'perigee_turn_seconds_count{bot="a"} 4',
    "",
  ])
})

test("a metric that a strategy gave anything but a number is NaN, and the others are told", async () => {
  const metrics = new Metrics()
  for (const [at, value] of [undefined, null, "5", 1n, Symbol("s"), {}].entries()) {
    metrics.gauge("odd", "Odd.", { at: String(at) }).value = value as never
  }
  metrics.gauge("even", "Even.").value = 2
  const reply = await endpoint(testBot({ metrics: () => metrics }).deps).fetch(ask("/metrics"), here)
  const samples = (await reply.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  expect(samples).toEqual([...[0, 1, 2, 3, 4, 5].map((at) => `odd{at="${at}"} NaN`), "even 2"])
})

test("the status page comes whole: its script is the one its policy allows, and nothing is fetched from elsewhere", async () => {
  const reply = await endpoint(testBot().deps).fetch(ask("/"), here)
  const html = await reply.text()
  const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? "absent"
  const hash = createHash("sha256").update(script).digest("base64")
  expect(reply.headers.get("content-security-policy")).toContain(`script-src 'sha256-${hash}'`)
  expect(reply.headers.get("content-type")).toBe("text/html; charset=utf-8")
  expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\/|@import|src=/)
  expect(() => new Bun.Transpiler({ loader: "js" }).transformSync(script)).not.toThrow()
})
