import { expect, test } from "bun:test"
import { endpoint } from "../../../src/runtime/http/endpoint.ts"
import { bearer, elsewhere, here, testBot, withoutToken } from "./support.ts"

const OPEN = ["/health", "/ready"]
const TOLD = ["/state", "/metrics", "/events", "/"]
const COMMANDS = ["pause", "resume", "cancel-all", "flatten", "settle", "stop"]
const CONTROL = COMMANDS.flatMap((name) => [`/control/${name}`, `/${name}`])

const host = (isLoopback: boolean): string => (isLoopback ? "127.0.0.1:8080" : "bot.internal:8080")

/** The status of every route, for one way of asking. */
async function statuses(
  hasToken: boolean,
  isLoopback: boolean,
  headers: Record<string, string> = {},
): Promise<Record<string, number>> {
  const bot = testBot()
  const served = endpoint(hasToken ? bot.deps : withoutToken(bot))
  const found: Record<string, number> = {}
  for (const path of [...OPEN, ...TOLD, ...CONTROL]) {
    const asked = CONTROL.includes(path) ? { method: "POST", body: '{"clientId":"ab12"}' } : { method: "GET" }
    const request = new Request(`http://${host(isLoopback)}${path}`, { ...asked, headers })
    const reply = await served.fetch(request, { isLoopback })
    found[path] = reply.status
    await reply.body?.cancel()
  }
  served.close()
  return found
}

const expected = (open: number, told: number, control: number): Record<string, number> => ({
  ...Object.fromEntries(OPEN.map((path) => [path, open])),
  ...Object.fromEntries(TOLD.map((path) => [path, told])),
  ...Object.fromEntries(CONTROL.map((path) => [path, control])),
})

test.each([
  ["without a configured token, off loopback", false, false, {}, expected(200, 403, 403)],
  [
    "without a configured token, off loopback, with some token sent",
    false,
    false,
    bearer("guess"),
    expected(200, 403, 403),
  ],
  ["without a configured token, over loopback", false, true, {}, expected(200, 200, 403)],
  ["with a token configured but not sent, off loopback", true, false, {}, expected(200, 401, 401)],
  ["with the wrong token, off loopback", true, false, bearer("wrong"), expected(200, 401, 401)],
  ["with the right token, off loopback", true, false, bearer(), expected(200, 200, 200)],
  ["with a token configured but not sent, over loopback", true, true, {}, expected(200, 200, 401)],
  ["with the right token, over loopback", true, true, bearer(), expected(200, 200, 200)],
  [
    "with the token as a password, off loopback",
    true,
    false,
    { authorization: "Basic YTphLXRva2Vu" },
    expected(200, 401, 401),
  ],
])("what is open %s", async (_, hasToken, isLoopback, headers, wanted) => {
  expect(await statuses(hasToken, isLoopback, headers)).toEqual(wanted)
})

test.each([
  ["a host name that was made to point here", { host: "evil.example:8080" }, 403],
  ["an origin of another site", { origin: "http://evil.example" }, 403],
  ["an origin without a name", { origin: "null" }, 403],
  ["another port of this machine", { origin: "http://127.0.0.1:9999" }, 403],
  ["a cross-site fetch without an origin", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, 403],
  ["what a proxy on this machine forwards", { "x-forwarded-for": "203.0.113.9" }, 403],
  ["the page's own origin", { origin: "http://127.0.0.1:8080" }, 200],
  [
    "a link from elsewhere, followed by a person",
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    200,
  ],
  ["localhost", { host: "localhost:8080" }, 200],
  ["IPv6", { host: "[::1]:8080" }, 200],
  ["a name that only begins like loopback", { host: "127.0.0.1.evil.example" }, 403],
])("over loopback without a token, %s", async (_, headers, status) => {
  const served = endpoint(withoutToken(testBot()))
  const reply = await served.fetch(new Request("http://127.0.0.1:8080/state", { headers }), here)
  expect(reply.status).toBe(status)
})

test("a page of another origin cannot control even with the token, and an answer off loopback needs no loopback name", async () => {
  const bot = testBot()
  const served = endpoint(bot.deps)
  const foreign = new Request("http://127.0.0.1:8080/pause", {
    method: "POST",
    headers: { ...bearer(), origin: "https://evil.example" },
  })
  expect((await served.fetch(foreign, here)).status).toBe(403)
  expect(bot.called).toEqual([])
  const far = new Request("http://bot.example/pause", {
    method: "POST",
    headers: { ...bearer(), origin: "https://bot.example" },
  })
  expect((await served.fetch(far, elsewhere)).status).toBe(200)
})

test("a 401 says what it wants, a 403 says why not", async () => {
  const refused = await endpoint(testBot().deps).fetch(new Request("http://bot/state"), elsewhere)
  expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="perigee"')
  expect(await refused.json()).toEqual({ error: "the bearer token is missing or wrong" })
  const off = await endpoint(withoutToken(testBot())).fetch(
    new Request("http://localhost/stop", { method: "POST" }),
    here,
  )
  expect(await off.json()).toEqual({
    error: "control is off: no token is configured; give the bot PERIGEE_TOKEN, and its caller the same",
  })
})
