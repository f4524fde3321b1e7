import { afterEach, beforeAll, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { openModel } from "../../../src/models/onnx/model.ts"
import { memoryOf } from "../../../src/runtime/domain/numbers.ts"
import { seededRandom } from "../../../src/runtime/simulation/random.ts"
import { sample } from "../onnx/fixtures.ts"
import { cleanUp, connected, failureOf, interpreter, kit, root, service, tensor } from "./fixtures.ts"

// Making the environment once takes ten seconds or so; finding it made, a third of one.
beforeAll(() => interpreter(), 120_000)
afterEach(cleanUp)

const double = "def predict(x, metadata): return 2 * x"
const input = tensor([1, -2.5, 3, 4, 5, 6], [2, 3], { id: "7" })
const modes = ["req", "dealer"] as const

describe("a Python service", () => {
  test("written from the description of the wire alone answers", async () => {
    const { line } = await service([resolve(root, "test/fixtures/msgpack/minimal_rep.py")])
    const runner = await connected(`tcp://127.0.0.1:${line}`)
    expect(await runner.predict(input, 5_000)).toEqual(tensor([2, -5, 6, 8, 10, 12], [2, 3], { id: "7" }))
  })

  test.each([
    ["req", "rep"],
    ["req", "router"],
    ["dealer", "rep"],
    ["dealer", "router"],
  ] as const)("of the kit, asked by %s, answers as %s", async (mode, served) => {
    const { endpoint } = await kit(double, `0, "${served}"`)
    const runner = await connected(endpoint, { mode })
    for (const id of ["a", "b", "c"])
      expect(await runner.predict(tensor([1, 2], [1, 2], { id }), 5_000)).toEqual(tensor([2, 4], [1, 2], { id }))
    expect(await runner.predict(tensor([], [0, 3]), 5_000)).toEqual(tensor([], [0, 3]))
    expect((await runner.predict(tensor([7], []), 5_000)).data[0]).toBe(14)
  })

  test.each(modes)("gets and gives back large tensors whole, asked by %s", async (mode) => {
    const { endpoint } = await kit(double, `0, "router"`)
    const runner = await connected(endpoint, { mode })
    const large = tensor(
      Array.from({ length: 300_000 }, (_, index) => index),
      [300, 1_000],
    )
    const { data } = await runner.predict(large, 10_000)
    expect(data).toEqual(large.data.map((value) => 2 * value))
  })

  test.each(modes)("that answers much is understood in a worker, small answers between, asked by %s", async (mode) => {
    const predict = `def predict(x, metadata): return np.zeros(int(x[0])) + x[1]`
    const { endpoint } = await kit(predict, `0, "router"`)
    const runner = await connected(endpoint, { mode })
    const ask = (size: number, id: string) => runner.predict(tensor([size, size], [2], { id }), 20_000)
    // The first one starts the worker.
    await ask(100_000, "first")
    const [small, large] = await Promise.all([ask(3, "small"), ask(2_000_000, "large")])
    expect([small.shape, small.metadata.id, large.shape, large.metadata.id]).toEqual([
      [3],
      "small",
      [2_000_000],
      "large",
    ])
    expect(large.data.every((value) => value === 2_000_000)).toBe(true)
  })

  test("adds its metadata to what it was asked with, in any type that is a number it returns", async () => {
    const predict = `def predict(x, metadata): return np.argmax(x, axis=1), {"label": 2, "id": "mine"}`
    const { endpoint } = await kit(predict)
    const runner = await connected(endpoint)
    expect(await runner.predict(tensor([1, 2, 3], [1, 3], { id: "7", from: "us" }), 5_000)).toEqual(
      tensor([2], [1], { id: "mine", from: "us", label: "2" }),
    )
  })

  test("with many in flight on several threads answers each its own, whichever is ready first", async () => {
    const predict = `def predict(x, metadata):\n    time.sleep(0.2 if metadata["id"] == "0" else 0.0)\n    return x`
    const { endpoint } = await kit(predict, `0, "router", threads=4`)
    const runner = await connected(endpoint, { mode: "dealer", queueMax: 100 })
    const order: string[] = []
    const ask = async (_: unknown, index: number) => {
      const id = String(index)
      const output = await runner.predict(tensor([index], [1], { id }), 10_000)
      order.push(id)
      expect([output.data[0], output.metadata.id]).toEqual([index, id])
    }
    await Promise.all(Array.from({ length: 100 }, ask))
    expect(order.at(-1)).toBe("0")
  })

  test.each(modes)("that fails says why, asked by %s, and answers the next", async (mode) => {
    const predict = `def predict(x, metadata):\n    if x[0] < 0: raise ValueError("below zero")\n    return x`
    const { endpoint } = await kit(predict, `0, "router"`)
    const runner = await connected(endpoint, { mode })
    expect(await failureOf(runner.predict(tensor([-1], [1]), 5_000))).toBe(
      `model ${endpoint}: the service failed: ValueError: below zero`,
    )
    expect((await runner.predict(tensor([1], [1]), 5_000)).data[0]).toBe(1)
  })

  test("is reached through a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "perigee-zmq-"))
    const { endpoint } = await kit(double, `endpoint="ipc://${folder}/model.sock"`)
    const runner = await connected(endpoint)
    expect((await runner.predict(input, 5_000)).shape).toEqual([2, 3])
    rmSync(folder, { recursive: true })
  })
})

describe("the sample model", () => {
  test("in Python is the one in the bot: on any features, their chances differ by rounding alone", async () => {
    const { line } = await service([resolve(root, "python/examples/momentum.py"), "0"])
    const endpoint = line.split(" ").at(-1)!
    const runner = await connected(endpoint)
    const model = await openModel(sample, {}, "trimmed")
    const random = seededRandom(1)
    const rows = 200
    const features = tensor(
      Array.from({ length: 16 * rows }, () => 8 * random.next() - 4),
      [rows, 16],
    )
    const { data, shape, metadata } = await runner.predict(features, 5_000)
    const expected = model.run(memoryOf(features.data), [rows, 16])
    model.close()
    expect([shape, metadata]).toEqual([[rows, 3], { model_runner: "zmq", model_name: "momentum" }])
    expect(Math.max(...data.map((chance, index) => Math.abs(chance - expected.data[index]!)))).toBeLessThan(1e-6)
    expect(await failureOf(runner.predict(tensor([1, 2], [1, 2]), 5_000))).toBe(
      `model ${endpoint}: the service failed: ValueError: input is [1, 2], not [n, 16]`,
    )
  })

  test("takes other weights of the same form", async () => {
    const folder = mkdtempSync(join(tmpdir(), "perigee-zmq-"))
    const weights = join(folder, "weights.json")
    writeFileSync(weights, JSON.stringify([{ weights: [[1, 0]], bias: [0, 0] }]))
    const { line } = await service([resolve(root, "python/examples/momentum.py"), "0", weights])
    const runner = await connected(line.split(" ").at(-1)!)
    const { data } = await runner.predict(tensor([Math.log(3)], [1, 1]), 5_000)
    expect([...data].map((chance) => Math.round(1e6 * chance))).toEqual([750_000, 250_000])
    rmSync(folder, { recursive: true })
  })
})

describe("a service that another program started", () => {
  test("ends with its standard input, and only then", async () => {
    const text = `
from perigee_model import serve
serve(lambda x, metadata: x, 0, end_with_input=True)`
    const child = Bun.spawn([await interpreter(), "-u", "-c", text], {
      stdin: "pipe",
      stdout: "pipe",
      env: { ...process.env, PYTHONPATH: resolve(root, "python") },
    })
    const { value } = await child.stdout.getReader().read()
    const runner = await connected(new TextDecoder().decode(value).trim().split(" ").at(-1)!)
    child.kill("SIGINT")
    child.kill("SIGTERM")
    expect((await runner.predict(input, 5_000)).shape).toEqual([2, 3])
    await child.stdin.end()
    expect(await child.exited).toBe(0)
  })
})

describe("encryption", () => {
  const keypair = async (): Promise<[string, string]> => {
    const made = await service(["-c", "import zmq; print(*[key.decode() for key in zmq.curve_keypair()])"])
    return made.line.split(" ") as [string, string]
  }

  test.each(modes)("with the service's key, asked by %s, needs no key of one's own", async (mode) => {
    const [serverKey, secret] = await keypair()
    const { endpoint } = await kit(double, `0, "router"`, { PERIGEE_ZMQ_SERVER_SECRET_KEY: secret })
    const runner = await connected(endpoint, { mode, curve: { serverKey } })
    expect((await runner.predict(input, 5_000)).data[1]).toBe(-5)
  })

  test("admits whom the service lists, with keys from the environment, and refuses others", async () => {
    const [[serverKey, secret], [publicKey, secretKey]] = [await keypair(), await keypair()]
    const { endpoint } = await kit(double, `0, server_secret_key="${secret}", client_keys=["${publicKey}"]`)
    const variables: Record<string, string> = {
      PERIGEE_ZMQ_SERVER_KEY: serverKey,
      PERIGEE_ZMQ_PUBLIC_KEY: publicKey,
      PERIGEE_ZMQ_SECRET_KEY: secretKey,
    }
    const env = { pid: 1, names: () => [], memoryBytes: () => 0, get: (name: string) => variables[name] }
    const known = await connected(endpoint, { env })
    expect((await known.predict(input, 5_000)).data[1]).toBe(-5)
    const stranger = await connected(endpoint, { curve: { serverKey } })
    expect(await failureOf(stranger.predict(input, 500))).toBe(
      `model ${endpoint}: no answer within 500 ms: the service is not connected, the handshake failed: no ZeroMQ service, another type of socket, or a wrong key`,
    )
  })

  test("with a wrong key connects to nothing", async () => {
    const [[, secret], [otherKey]] = [await keypair(), await keypair()]
    const { endpoint } = await kit(double, "0", { PERIGEE_ZMQ_SERVER_SECRET_KEY: secret })
    const runner = await connected(endpoint, { curve: { serverKey: otherKey } })
    expect(await failureOf(runner.predict(input, 500))).toContain("the service is not connected")
  })

  test("with half a pair of keys or no key at all is refused without showing it", async () => {
    const half = connected("tcp://127.0.0.1:1", { curve: { serverKey: "x".repeat(40), publicKey: "y".repeat(40) } })
    expect(await failureOf(half)).toEndWith("set both PERIGEE_ZMQ_PUBLIC_KEY and PERIGEE_ZMQ_SECRET_KEY")
    const wrong = connected("tcp://127.0.0.1:1", { curve: { serverKey: "hush" } })
    expect(await failureOf(wrong)).toBe(
      "model tcp://127.0.0.1:1: the server key is no CURVE key: 40 characters of Z85, as zmq.curve_keypair() makes them",
    )
  })
})
