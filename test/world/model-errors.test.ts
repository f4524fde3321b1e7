// What can be wrong with a model or its service, as a whole bot hears of it: an event with the request's metadata, a counter, and on it goes.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { onnx, zmq } from "perigee"
import { fixture, sample } from "../models/onnx/fixtures.ts"
import { cleanUp, freePort, interpreter, kit, service } from "../models/zmq/fixtures.ts"
import { type Asking, asking, request } from "./asker.ts"
import { folder } from "./program.ts"
import { until } from "./until.ts"

const home = folder()
let open: Asking | undefined
beforeAll(() => interpreter(), 120_000)
afterEach(async () => {
  await open?.close()
  open = undefined
  await cleanUp()
})
afterAll(() => home.remove())

const config = (name: string, more: Record<string, unknown>): string => {
  const file = join(home.path, `${name}.json`)
  writeFileSync(file, JSON.stringify({ model_path: sample, ...more }))
  return file
}
const written = (name: string, content: string | Uint8Array): string => {
  const file = join(home.path, name)
  writeFileSync(file, content)
  return file
}

const row = (value: number) => Array.from({ length: 16 }, () => value)
const good = (id: string) => request(id, row(0.5), [1, 16])

/** What a bot must go on to show after one failed request. */
async function goesOn({ heard, world, metrics }: Asking, failures: number): Promise<void> {
  const { ticks } = heard
  await until("the strategy goes on", () => heard.ticks > ticks + 3)
  expect(world.stats().predictionFailures).toBe(failures)
  const counted = /^perigee_prediction_failures_total\{[^}]*\} (\d+)$/m.exec(await metrics())
  expect(Number(counted?.[1])).toBe(failures)
}

describe("a request that an ONNX model cannot take", () => {
  test.each([
    ["whose shape and data disagree", request("x", [1, 2, 3], [2, 2]), "shape [2, 2] wants 4 values, but data holds 3"],
    ["of the wrong rank", request("x", row(0), [16]), "wants shape [batch, 16], got [16]"],
    ["of the wrong size", request("x", [1, 2], [1, 2]), "wants shape [batch, 16], got [1, 2]"],
    ["with a NaN, where its config refuses them", request("x", row(0).with(3, Number.NaN), [1, 16]), "holds NaN at 3"],
  ])("%s is an error with its metadata; the next is answered", async (_, bad, why) => {
    open = await asking(onnx(config("strict", { nan: "refuse" }), { inline: true }))
    const { ask, heard } = open
    await ask(bad, good("next"))
    expect(heard.failures).toEqual([["x", expect.stringContaining(why)]])
    expect(heard.answers).toEqual([["next", [expect.any(Number), expect.any(Number), expect.any(Number)]]])
    await goesOn(open, 1)
  })
})

describe("an ONNX model that cannot be loaded", () => {
  const half = () => written("half.onnx", readFileSync(sample).subarray(0, 2_000))

  test.each([
    ["is missing", () => join(home.path, "none.onnx"), "there is no such file"],
    ["is corrupt", half, "not a whole ONNX model"],
    ["needs an operator that there is not", () => fixture("unknown-operator.onnx"), "FortuneTeller"],
    ["has no output of that index", () => config("beyond", { output_index: 7 }), "output_index"],
  ])("because it %s fails each request by that reason, where the bot can do without", async (_, file, why) => {
    open = await asking(onnx(file(), { optional: true }))
    const { ask, heard, world } = open
    await ask(request("x", [1]))
    expect(heard.failures).toEqual([["x", expect.stringContaining(why)]])
    await until("the model's own trouble is told", () => heard.troubles.length > 0)
    expect(heard.troubles[0]).toContain(why)
    expect(world.reasons()).toEqual([expect.stringContaining(why)])
    await goesOn(open, 1)
  })

  test("ends the start of a bot that cannot do without", async () => {
    expect(asking(onnx(join(home.path, "none.onnx")))).rejects.toThrow("there is no such file")
  })

  test("is answered by once the file is there", async () => {
    const file = join(home.path, "late.onnx")
    open = await asking(onnx(file, { optional: true, inline: true }))
    const { ask, heard, world } = open
    await until("the model's own trouble is told", () => heard.troubles.length > 0)
    await ask(good("early"))
    expect(heard.failures).toEqual([["early", expect.stringContaining("there is no such file")]])
    writeFileSync(file, readFileSync(sample))
    await until("it is loaded", () => world.reasons().length === 0)
    await ask(good("late"))
    expect(heard.answers.map(([id]) => id)).toEqual(["late"])
  })
})

describe("a model service", () => {
  const echo = "def predict(x, metadata): return x"

  test("that is not there fails requests at their deadline, is a reason not to be ready, and is found when it comes", async () => {
    const port = freePort()
    open = await asking(zmq(port, { deadlineMs: 100 }))
    const { ask, heard, world } = open
    await ask(request("none", [1]))
    const why = "the service is not connected, nothing answers there"
    expect(heard.failures).toEqual([["none", `model tcp://127.0.0.1:${port}: no answer within 100 ms: ${why}`]])
    expect(world.reasons()).toEqual([`model tcp://127.0.0.1:${port}: ${why}`])
    await goesOn(open, 1)
    await kit(echo, String(port))
    await until("it is found", () => world.reasons().length === 0)
    await ask(request("there", [2]))
    expect(heard.answers).toEqual([["there", [2]]])
  })

  test.each(["req", "dealer"] as const)(
    "that is slow, fails, or gives too much fails that request alone (%s)",
    async (mode) => {
      const predict = `
def predict(x, metadata):
    if metadata["id"] == "slow": time.sleep(0.4)
    if metadata["id"] == "wrong": raise ValueError("no such id")
    return np.zeros(100_000) if metadata["id"] == "huge" else x`
      const { endpoint } = await kit(predict, `0, "router"`)
      open = await asking(zmq(endpoint, { mode, deadlineMs: 250, replyBytesMax: 10_000 }))
      const { ask, heard, world } = open
      await until("it is connected", () => world.reasons().length === 0)
      for (const id of ["slow", "wrong", "huge"]) await ask(request(id, [1]))
      expect(heard.failures).toEqual([
        ["slow", `model ${endpoint}: no answer within 250 ms: the service is connected but slow or silent`],
        ["wrong", expect.stringContaining("the service failed: ValueError: no such id")],
        ["huge", expect.stringContaining("a reply was larger than 10000 bytes")],
      ])
      await until("it is connected again", () => world.reasons().length === 0)
      await ask(request("next", [3]))
      expect(heard.answers).toEqual([["next", [3]]])
      await goesOn(open, 3)
    },
  )

  test("that replies what is no tensor fails that request by name", async () => {
    const text = `
import zmq, msgpack
socket = zmq.Context().socket(zmq.REP)
print("tcp://127.0.0.1:%d" % socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
for reply in (b"hello", [0, [1.0], [2], {}], [0, [4.0], [1], {"id": "next"}]):
    socket.recv()
    socket.send(reply if isinstance(reply, bytes) else msgpack.packb(reply))
socket.recv()`
    const { line: endpoint } = await service(["-c", text])
    open = await asking(zmq(endpoint))
    const { ask, heard } = open
    await ask(request("text", [1]), request("shape", [1]), request("next", [1]))
    expect(heard.failures).toEqual([
      ["text", `model ${endpoint}: the reply is an integer, neither an array of four nor a map`],
      ["shape", `model ${endpoint}: the reply's shape [2] wants 2 values, but data holds 1`],
    ])
    expect(heard.answers).toEqual([["next", [4]]])
    await goesOn(open, 2)
  })

  test("that dies fails what it was computing at once", async () => {
    const { endpoint, kill } = await kit("def predict(x, metadata): time.sleep(60)")
    open = await asking(zmq(endpoint))
    const { ask, heard, world } = open
    await until("it is connected", () => world.reasons().length === 0)
    const asked = ask(request("x", [1]))
    await Bun.sleep(100)
    await kill()
    await asked
    expect(heard.failures).toEqual([["x", `model ${endpoint}: there is no answer, the service went away`]])
    await goesOn(open, 1)
  })
})
