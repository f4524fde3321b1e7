// CURVE for a model service, from the bot file's one word and the operator's environment.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { zmq } from "perigee"
import { cleanUp, interpreter, kit, service } from "../models/zmq/fixtures.ts"
import { type Asking, asking, request } from "./asker.ts"
import { folder, run } from "./program.ts"
import { loud } from "./rig.ts"
import { until } from "./until.ts"

type Env = Readonly<Record<string, string>>

const home = folder()
let open: Asking[] = []
beforeAll(() => interpreter(), 120_000)
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
  await cleanUp()
})
afterAll(() => home.remove())

/** Public key, secret key. */
async function keypair(): Promise<[string, string]> {
  const made = await service(["-c", "import zmq; print(*[key.decode() for key in zmq.curve_keypair()])"])
  return made.line.split(" ") as [string, string]
}

const file = (name: string, content: string): string => {
  const path = join(home.path, name)
  writeFileSync(path, `${content}\n`)
  return path
}

const double = "def predict(x, metadata): return 2 * x"

async function bot(endpoint: string, curve: boolean | string | undefined, env: Env): Promise<Asking> {
  const { outside, lines } = loud()
  const options = { deadlineMs: 2_000, ...(curve === undefined ? {} : { curve }) }
  const asked = await asking(zmq(endpoint, options), {
    outside: { ...outside, env: { ...outside.env, get: (name) => env[name] } },
  })
  open.push(asked)
  return { ...asked, lines }
}

describe("a bot whose model service is encrypted", () => {
  test("asks it with the keys of the environment, where the service lists who may ask", async () => {
    const [[serverKey, serverSecret], [publicKey, secretKey]] = [await keypair(), await keypair()]
    const args = `0, "router", client_keys=["${publicKey}"]`
    const { endpoint } = await kit(double, args, {
      PERIGEE_ZMQ_SERVER_SECRET_KEY_FILE: file("server", serverSecret),
    })
    const { ask, heard, lines, world } = await bot(endpoint, true, {
      PERIGEE_ZMQ_SERVER_KEY: serverKey,
      PERIGEE_ZMQ_PUBLIC_KEY_FILE: file("public", publicKey),
      PERIGEE_ZMQ_SECRET_KEY_FILE: file("secret", secretKey),
    })
    await until("it is connected", () => world.reasons().length === 0)
    await ask(request("x", [3]))
    expect(heard.answers).toEqual([["x", [6]]])
    const said = JSON.stringify(world.image()) + lines.join("\n")
    expect([secretKey, serverSecret].filter((secret) => said.includes(secret))).toEqual([])
  })

  test("asks two of them, each with its own key, by a prefix; one without a key of its own stays plain", async () => {
    const pairs = [await keypair(), await keypair()]
    const endpoints = await Promise.all(
      pairs.map(async ([, secret]) => (await kit(double, "0", { PERIGEE_ZMQ_SERVER_SECRET_KEY: secret })).endpoint),
    )
    const plain = await kit(double)
    const env = { FAST_PERIGEE_ZMQ_SERVER_KEY: pairs[0]![0], PERIGEE_ZMQ_SERVER_KEY: pairs[1]![0] }
    const bots = await Promise.all([
      bot(endpoints[0]!, "FAST", env),
      bot(endpoints[1]!, undefined, env),
      bot(plain.endpoint, false, env),
    ])
    for (const { ask, heard } of bots) {
      await ask(request("x", [3]))
      expect(heard).toMatchObject({ answers: [["x", [6]]], failures: [] })
    }
  })

  test("and that has the wrong key hears so at each deadline, and is not ready", async () => {
    const [[, secret], [otherKey]] = [await keypair(), await keypair()]
    const { endpoint } = await kit(double, "0", { PERIGEE_ZMQ_SERVER_SECRET_KEY: secret })
    const { ask, heard, world } = await bot(endpoint, true, { PERIGEE_ZMQ_SERVER_KEY: otherKey })
    await ask(request("x", [3]))
    expect(heard.failures).toEqual([["x", expect.stringContaining("the service is not connected")]])
    expect(world.reasons()).toEqual([expect.stringContaining("the service is not connected")])
  })
})

describe("a bot that must have its service encrypted does not start", () => {
  const endpoint = "tcp://127.0.0.1:1"
  const key = "a".repeat(40)

  test.each<[string, boolean | string, Env, string]>([
    [
      "without a key",
      true,
      {},
      "it is to be encrypted, but there is no PERIGEE_ZMQ_SERVER_KEY: set it to the service's public key, or PERIGEE_ZMQ_SERVER_KEY_FILE to a file that holds it",
    ],
    [
      "without the key of its prefix",
      "FAST",
      { PERIGEE_ZMQ_SERVER_KEY: key },
      "there is no FAST_PERIGEE_ZMQ_SERVER_KEY",
    ],
    [
      "with half a pair of its own",
      true,
      { PERIGEE_ZMQ_SERVER_KEY: key, PERIGEE_ZMQ_PUBLIC_KEY: key },
      "set both PERIGEE_ZMQ_PUBLIC_KEY and PERIGEE_ZMQ_SECRET_KEY",
    ],
    [
      "with what is no key",
      true,
      { PERIGEE_ZMQ_SERVER_KEY: "hush" },
      "the server key is no CURVE key: 40 characters of Z85",
    ],
    [
      "with a file that cannot be read",
      true,
      { PERIGEE_ZMQ_SERVER_KEY_FILE: "/nowhere/key" },
      "PERIGEE_ZMQ_SERVER_KEY_FILE names /nowhere/key, which cannot be read",
    ],
  ])("%s", async (_, curve, env, why) => {
    expect(bot(endpoint, curve, env)).rejects.toThrow(why)
  })

  test("and the program says so in one line, with the status of a wrong environment", async () => {
    const text = `
import { bot, schedule, zmq } from "perigee"
const model = zmq(5555, { curve: true })
export default bot({ name: "secret" }).task(schedule({ everyMs: 1_000 })).task(model).strategy({ onSchedule() {}, onPreds() {} })`
    const path = join(home.path, "secret.ts")
    writeFileSync(path, text)
    const { status, err } = await run(["run", path, "--live", "--http-port", "0"], { cwd: home.path })
    expect(status).toBe(2)
    expect(err).toMatch(/^perigee run: model tcp:\/\/127\.0\.0\.1:5555: it is to be encrypted, but [^\n]*\n$/)
  })
})
