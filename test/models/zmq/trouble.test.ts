import { afterEach, beforeAll, describe, expect, test } from "bun:test"
import { cleanUp, connected, failureOf, freePort, interpreter, kit, realClock, service, tensor } from "./fixtures.ts"

beforeAll(() => interpreter(), 120_000)
afterEach(cleanUp)

const modes = ["req", "dealer"] as const
const echo = "def predict(x, metadata): return x"
const one = (id: string) => tensor([Number(id)], [1], { id })

/** A raw socket of the given type; `code` answers, with `socket` and `count` (requests before this one) at hand. */
async function raw(type: string, code: string): Promise<string> {
  const text = `
import msgpack, time, zmq
socket = zmq.Context().socket(zmq.${type})
print("tcp://127.0.0.1:%d" % socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
count = 0
while True:
    frames = socket.recv_multipart() if zmq.${type} != zmq.PUB else time.sleep(60)
${code.replaceAll(/^/gm, "    ")}
    count += 1`
  return (await service(["-c", text])).line
}

describe("a service that is not there", () => {
  test.each(modes)("fails a %s request at its deadline by that name, and is found when it comes", async (mode) => {
    const port = freePort()
    const endpoint = `tcp://127.0.0.1:${port}`
    const runner = await connected(endpoint, { mode })
    expect(await failureOf(runner.predict(one("1"), 100))).toBe(
      `model ${endpoint}: no answer within 100 ms: the service is not connected, nothing answers there`,
    )
    const early = runner.predict(one("2"), 15_000)
    await kit(echo, String(port))
    expect((await early).metadata.id).toBe("2")
  })

  test("but another program in its place is told apart", async () => {
    const other = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
    })
    const runner = await connected(`tcp://127.0.0.1:${other.port}`)
    expect(await failureOf(runner.predict(one("1"), 500))).toContain(
      "the handshake failed: what answers there is no ZeroMQ service",
    )
    other.stop(true)
  })

  test("but another type of socket in its place is told apart", async () => {
    const runner = await connected(await raw("PUB", "pass"))
    expect(await failureOf(runner.predict(one("1"), 500))).toContain(
      "the handshake failed: the service's socket is PUB, which does not answer",
    )
  })

  test("at an endpoint that is none is refused at loading", async () => {
    const endpoint = "tcp://nowhere"
    expect(await failureOf(connected(endpoint))).toBe(
      `model ${endpoint}: cannot connect to ${endpoint}: an endpoint is tcp://host:port or ipc://path`,
    )
  })
})

describe("a slow service", () => {
  test.each(modes)("never has its late answer taken for the next one's, asked by %s", async (mode) => {
    const predict = `def predict(x, metadata):\n    time.sleep(0.3 if metadata["id"] == "1" else 0)\n    return x`
    const { endpoint } = await kit(predict, `0, "rep"`)
    const runner = await connected(endpoint, { mode })
    expect(await failureOf(runner.predict(one("1"), 150))).toBe(
      `model ${endpoint}: no answer within 150 ms: the service is connected but slow or silent`,
    )
    for (const id of ["2", "3", "4"]) expect((await runner.predict(one(id), 10_000)).metadata.id).toBe(id)
  })

  test("answers the rest of a queue that its slowest request held up", async () => {
    const predict = `def predict(x, metadata):\n    time.sleep(0.3 if metadata["id"] == "1" else 0)\n    return x`
    const { endpoint } = await kit(predict)
    const runner = await connected(endpoint)
    const ids = ["1", "2", "3", "4"]
    const results = await Promise.allSettled(ids.map((id) => runner.predict(one(id), id === "1" ? 100 : 10_000)))
    expect(results.map((each) => (each.status === "fulfilled" ? each.value.metadata.id : "failed"))).toEqual([
      "failed",
      "2",
      "3",
      "4",
    ])
  })
})

describe("a wrong reply", () => {
  const good = `msgpack.packb([0, [1.0], [1], {}])`

  test.each([
    ["b''", "the reply is empty, neither an array of four nor a map"],
    ["b'hello'", "the reply is an integer, neither an array of four nor a map"],
    ["msgpack.packb([0, [1.0], [2], {}])", "the reply's shape [2] wants 2 values, but data holds 1"],
    ["msgpack.packb([0, b'1234', [1], {}])", "the reply's data is binary, not an array of numbers"],
  ])("of %s fails its request by name; the next is answered", async (reply, why) => {
    const endpoint = await raw("REP", `socket.send(${good} if count else ${reply})`)
    const runner = await connected(endpoint)
    expect(await failureOf(runner.predict(one("1"), 5_000))).toBe(`model ${endpoint}: ${why}`)
    expect([...(await runner.predict(one("2"), 5_000)).data]).toEqual([1])
  })

  test("that is large fails its request by name too", async () => {
    const large = `msgpack.packb([0, [1.0] * 100000, [2], {}])`
    const endpoint = await raw("REP", `socket.send(${good} if count else ${large})`)
    const runner = await connected(endpoint)
    expect(await failureOf(runner.predict(one("1"), 5_000))).toBe(
      `model ${endpoint}: the reply's shape [2] wants 2 values, but data holds 100000`,
    )
    expect([...(await runner.predict(one("2"), 5_000)).data]).toEqual([1])
  })

  test("without the empty frame before it fails its request", async () => {
    const endpoint = await raw("ROUTER", `socket.send_multipart([frames[0], b"x", ${good}])`)
    const runner = await connected(endpoint)
    expect(await failureOf(runner.predict(one("1"), 5_000))).toBe(
      `model ${endpoint}: the reply has no empty frame before its body`,
    )
  })

  test("has what follows its first frame ignored", async () => {
    const endpoint = await raw("REP", `socket.send_multipart([${good}, b"more", b""])`)
    const runner = await connected(endpoint)
    for (const id of ["1", "2", "3"]) expect([...(await runner.predict(one(id), 5_000)).data]).toEqual([1])
  })

  test("under a number nobody asked with, or without a number, is dropped", async () => {
    const replies = `
me, number, empty, body = frames
socket.send_multipart([me, b"12345678", b"", ${good}])
socket.send_multipart([me, ${good}])
socket.send_multipart([me, number, b"", msgpack.packb([count, [], [0], {}])])
socket.send_multipart([me, number, b"", msgpack.packb([99, [], [0], {}])])`
    const runner = await connected(await raw("ROUTER", replies), { mode: "dealer" })
    for (const count of [0, 1, 2]) expect((await runner.predict(one("1"), 5_000)).timestamp).toBe(count)
  })

  // A REQ socket's requests have no number: a copy that comes when the next one has left cannot be told from its answer.
  test("that has come twice by the time the next request leaves is not taken for its answer", async () => {
    const twice = `
me, empty, body = frames
reply = msgpack.packb([count, [], [0], {}])
socket.send_multipart([me, b"", reply])
socket.send_multipart([me, b"", reply])`
    const runner = await connected(await raw("ROUTER", twice), { mode: "req" })
    for (const count of [0, 1, 2, 3]) {
      expect((await runner.predict(one("1"), 5_000)).timestamp).toBe(count)
      await Bun.sleep(200)
    }
  })

  test("with a number but without a body fails that request", async () => {
    const endpoint = await raw("ROUTER", `socket.send_multipart(frames[:2])`)
    const runner = await connected(endpoint, { mode: "dealer" })
    expect(await failureOf(runner.predict(one("1"), 5_000))).toBe(`model ${endpoint}: the reply has 1 frames, not 3`)
  })

  test.each(modes)(
    "larger than the bound is never taken into memory, and the connection heals, asked by %s",
    async (mode) => {
      const predict = `def predict(x, metadata): return np.zeros(int(x[0]))`
      const { endpoint } = await kit(predict, `0, "router"`)
      const runner = await connected(endpoint, { mode, replyBytesMax: 10_000 })
      for (const id of ["1", "2"]) {
        const huge = runner.predict(tensor([200_000], [1], { id }), 10_000)
        expect(await failureOf(huge)).toBe(
          `model ${endpoint}: there is no answer, the service broke off: a reply was larger than 10000 bytes`,
        )
        expect((await runner.predict(tensor([3], [1], { id }), 10_000)).shape).toEqual([3])
      }
    },
  )
})

describe("a service that is killed", () => {
  test.each(modes)("fails what it was computing at once, not at the deadline, asked by %s", async (mode) => {
    const { endpoint, kill } = await kit(`def predict(x, metadata): time.sleep(60)`)
    const runner = await connected(endpoint, { mode })
    const asking = failureOf(runner.predict(one("1"), 15_000))
    const startedAt = realClock.monotonic()
    await Bun.sleep(100)
    await kill()
    expect(await asking).toBe(`model ${endpoint}: there is no answer, the service went away`)
    expect(realClock.monotonic() - startedAt).toBeLessThan(5_000_000)
  })

  test.each(modes)(
    "and restarted twenty times loses nothing silently and answers nothing with another's reply, asked by %s",
    async (mode) => {
      const port = freePort()
      const slowly = `def predict(x, metadata):\n    time.sleep(0.001)\n    return x`
      const runner = await connected(`tcp://127.0.0.1:${port}`, { mode, queueMax: 8 })
      const outcomes = { answered: 0, failed: 0, asked: 0, wrong: [] as string[], isDone: false }
      const ask = async () => {
        while (!outcomes.isDone) {
          const id = String(++outcomes.asked)
          try {
            const { data, metadata } = await runner.predict(one(id), 400)
            if (metadata.id !== id || data[0] !== Math.fround(Number(id)))
              outcomes.wrong.push(`${id} got ${metadata.id}`)
            outcomes.answered++
          } catch {
            outcomes.failed++
          }
        }
      }
      const asking = Promise.all([1, 2, 3, 4].map(ask))
      const answeredEach: number[] = []
      for (let life = 0; life < 20; life++) {
        const before = outcomes.answered
        const { kill } = await kit(slowly, mode === "req" ? `${port}, "rep"` : `${port}, "router", threads=2`)
        // Lives differ in length, so that kills hit requests at every stage.
        while (outcomes.answered - before < 5 + 3 * life) await Bun.sleep(1)
        await kill()
        answeredEach.push(outcomes.answered - before)
      }
      outcomes.isDone = true
      await asking
      expect(outcomes.wrong).toEqual([])
      expect(outcomes.answered + outcomes.failed).toBe(outcomes.asked)
      expect(answeredEach.filter((count) => count === 0)).toEqual([])
      expect(outcomes.failed).toBeGreaterThan(0)
    },
    60_000,
  )
})
