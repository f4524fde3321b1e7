// Model services in a simulation: peers that the test scripts, behind the real queue, deadlines and bounds.
import { expect, test } from "bun:test"
import { bot, type Bot, onnx, schedule, zmq } from "perigee"
import type { AltTensor } from "../../src/index.ts"
import type { Peer } from "../../src/models/zmq/index.ts"
import { openSimulation, type SimulationOptions } from "../../src/world/simulation.ts"

const ENDPOINT = "tcp://127.0.0.1:5555"
type Service = Parameters<typeof zmq>[1]

/** Asks the numbers from 1 on, one every 10 ms, and notes what comes of each, and when (ms since it started). */
function counting(heard: string[], options: Service): Bot {
  const model = zmq(ENDPOINT, { deadlineMs: 25, queueMax: 2, ...options })
  let startedAt = 0
  let count = 0
  return bot({ name: "counting" })
    .task(schedule({ everyMs: 10 }))
    .task(model)
    .strategy({
      start(ctx) {
        startedAt = ctx.now()
        count = 0
      },
      onSchedule(_, ctx) {
        const id = ++count
        ctx.predict(model, { timestamp: ctx.now(), data: Float32Array.of(id), shape: [1], metadata: { id: `${id}` } })
      },
      onPreds: ({ data }, ctx) =>
        void heard.push(`${Math.round((ctx.now() - startedAt) / 1_000)} ${data.metadata["id"]} → ${data.data[0]}`),
      onError: ({ data: { message, detail } }) =>
        void heard.push(`${(detail as { id: string }).id} failed: ${message.replace(`model ${ENDPOINT}: `, "")}`),
    }) as unknown as Bot
}

interface Played {
  readonly heard: readonly string[]
  readonly digest: string
}

async function play(peer: Peer, more: Partial<SimulationOptions> = {}, service: Service = {}): Promise<Played> {
  const heard: string[] = []
  const options = { seed: 1, model: { latencyMsMin: 5, latencyMsMax: 5 }, trace: () => undefined, ...more }
  const simulation = await openSimulation({
    bot: () => counting(heard, service),
    services: { [ENDPOINT]: peer },
    ...options,
  })
  simulation.advance(96)
  simulation.stop("the test is over")
  return { heard, digest: simulation.trace!.digest }
}

const twice = (input: AltTensor): AltTensor => ({ ...input, data: input.data.map((value) => 2 * value) })
/** One peer for all that can go wrong, by what it is asked. */
const moody: Peer = (input) => {
  const asked = input.data[0]
  if (asked === 2) return new Error("no such number")
  if (asked === 3) throw new Error("it threw")
  if (asked === 4) return { ...input, shape: [7] }
  return asked === 5 ? undefined : twice(input)
}

test("a scripted service answers after its latency, fails, breaks its word or stays silent as it likes", async () => {
  const { heard } = await play(moody)
  expect(heard).toEqual([
    "5 1 → 2",
    "2 failed: the service failed: no such number",
    "3 failed: the service failed: it threw",
    "4 failed: the reply's shape [7] wants 7 values, but data holds 1",
    // It is asked one at a time: who waits behind a silent request waits for its deadline.
    "5 failed: no answer within 25 ms: the service is connected but slow or silent",
    "70 6 → 12",
    "75 7 → 14",
    "80 8 → 16",
    "85 9 → 18",
    "95 10 → 20",
  ])
})

test("requests that are numbered do not wait for a silent one", async () => {
  const { heard } = await play(moody, {}, { mode: "dealer" })
  const ids = heard.map((line) => line.replace(/^\d+ (?=\d)/, "").split(" ")[0])
  expect(ids).toEqual(["1", "2", "3", "4", "6", "5", "7", "8", "9", "10"])
})

test("the queue is the declared one: beyond its bound a request is refused, or pushes out the oldest", async () => {
  const silent: Peer = () => undefined
  const bounds = { deadlineMs: 1_000, queueMax: 1 } as const
  const refusing = await play(silent, {}, bounds)
  expect(refusing.heard[0]).toBe("3 failed: 1 requests are waiting already, this one was refused")
  const newest = await play(silent, {}, { ...bounds, whenFull: "newest" })
  expect(newest.heard[0]).toBe("2 failed: 1 requests are waiting, a newer one took this one's place")
})

test("the same seed gives the same latencies and trace, another one others", async () => {
  const model = { latencyMsMin: 1, latencyMsMax: 20 }
  const [one, same, other] = [
    await play(twice, { model }),
    await play(twice, { model }),
    await play(twice, { model, seed: 2 }),
  ]
  expect(same).toEqual(one)
  expect(other.digest).not.toBe(one.digest)
  const changed = await play((input) => (input.data[0] === 1 ? input : twice(input)), { model })
  expect(changed.digest).not.toBe(one.digest)
})

test("a service outlives the bot's deaths, what was on its way does not", async () => {
  const asked: number[] = []
  const heard: string[] = []
  const simulation = await openSimulation({
    bot: () => counting(heard, {}),
    seed: 1,
    model: { latencyMsMin: 5, latencyMsMax: 5 },
    services: { [ENDPOINT]: (input) => (asked.push(input.data[0]!), twice(input)) },
  })
  simulation.advance(23)
  simulation.kill("now")
  const before = [...heard]
  simulation.advance(50)
  expect(heard).toEqual(before)
  simulation.revive()
  simulation.advance(23)
  simulation.stop("the test is over")
  expect(asked.filter((number) => number === 1)).toHaveLength(2)
  expect(heard.length).toBeGreaterThan(before.length)
})

test("a service that nobody plays is refused by name", async () => {
  const alone = openSimulation({ bot: () => counting([], {}), seed: 1 })
  expect(alone).rejects.toThrow(
    `model ${ENDPOINT} is a service, which a simulation has not: give it a peer or recorded replies in \`services\``,
  )
})

test("a bot that can do without its model runs without it, and each request fails by the same reason each time", async () => {
  const play = async () => {
    const troubles: string[] = []
    const model = onnx("models/none.onnx", { optional: true })
    const asking = (): Bot =>
      bot({ name: "asking" })
        .task(schedule({ everyMs: 1_000 }))
        .task(model)
        .strategy({
          onSchedule: (_, ctx) =>
            ctx.predict(model, { timestamp: ctx.now(), data: Float32Array.of(1), shape: [1], metadata: {} }),
          onPreds: () => undefined,
          onError: ({ data }) => void troubles.push(`${data.kind}: ${data.message}`),
        }) as unknown as Bot
    const modelFile = (source: string) => `${import.meta.dir}/${source}`
    const simulation = await openSimulation({ bot: asking, modelFile, seed: 1, trace: () => undefined })
    simulation.advance(3_500)
    const { predictionFailures } = simulation.world.stats()
    const reasons = simulation.world.reasons()
    simulation.stop("the test is over")
    return { troubles, reasons, predictionFailures, digest: simulation.trace!.digest }
  }
  const one = await play()
  expect(one.predictionFailures).toBeGreaterThanOrEqual(3)
  expect(one.reasons).toEqual([expect.stringContaining("model models/none.onnx")])
  // What had been asked while it was loading fails with it.
  expect(one.troubles.slice(0, 2)).toEqual([
    expect.stringMatching(/^prediction: model models\/none\.onnx cannot be read: there is no such file/),
    expect.stringMatching(/^model: model models\/none\.onnx cannot be read: there is no such file/),
  ])
  expect(one.troubles.at(-1)).toMatch(/^prediction: .*there is no such file/)
  expect(await play()).toEqual(one)
})
