// A slow ONNX model in a simulation: the real queue, deadlines and bounds before it.
import { expect, test } from "bun:test"
import { bot, type Bot, onnx, schedule } from "perigee"
import { openSimulation } from "../../src/world/simulation.ts"
import { sample } from "../models/onnx/fixtures.ts"

type Options = Parameters<typeof onnx>[1]

/** Asks nine times, every 100 ms once its model is there, and notes what comes of each. */
function asking(heard: string[], options: Options): Bot {
  const model = onnx("momentum.onnx", { queueMax: 2, ...options })
  let ticks = 0
  return bot({ name: "asking" })
    .task(schedule({ everyMs: 100 }))
    .task(model)
    .strategy({
      onSchedule(_, ctx) {
        const id = ++ticks - 10
        if (id < 1 || id > 9) return
        ctx.predict(model, {
          timestamp: ctx.now(),
          data: new Float32Array(16),
          shape: [1, 16],
          metadata: { id: `${id}` },
        })
      },
      onPreds: ({ data }) => void heard.push(`${data.metadata["id"]} answered`),
      onError: ({ data: { message, detail } }) =>
        void heard.push(`${(detail as { id: string }).id} ${message.replace("model momentum.onnx: ", "")}`),
    }) as unknown as Bot
}

async function play(options: Options, seed = 1, latency = { latencyMsMin: 250, latencyMsMax: 250 }) {
  const heard: string[] = []
  const simulation = await openSimulation({
    bot: () => asking(heard, options),
    modelFile: () => sample,
    seed,
    model: latency,
    trace: () => undefined,
  })
  simulation.advance(5_000)
  simulation.stop("the test is over")
  return { heard, digest: simulation.trace!.digest }
}

test("a slow model refuses in a simulation what is beyond its queue", async () => {
  const { heard } = await play({ whenFull: "refuse" })
  const refused = "2 requests are waiting already, this one was refused"
  expect(heard).toEqual([
    "1 answered",
    `5 ${refused}`,
    "2 answered",
    `7 ${refused}`,
    `8 ${refused}`,
    "3 answered",
    "4 answered",
    "6 answered",
    "9 answered",
  ])
})

test("a slow model keeps the newest requests in a simulation, where these are wanted", async () => {
  const { heard } = await play({ whenFull: "newest" })
  const replaced = "2 requests are waiting, a newer one took this one's place"
  expect(heard.filter((line) => line.endsWith("answered"))).toEqual(
    ["1", "2", "4", "7", "8", "9"].map((id) => `${id} answered`),
  )
  expect(heard.filter((line) => line.endsWith(replaced))).toEqual(["3", "5", "6"].map((id) => `${id} ${replaced}`))
})

test("a slow model's deadlines pass in a simulation while requests wait", async () => {
  const { heard } = await play({ deadlineMs: 400 })
  const late = "no answer within 400 ms, the deadline passed while it"
  expect(heard.filter((line) => !line.endsWith("this one was refused"))).toEqual([
    "1 answered",
    `2 ${late} was computed`,
    `3 ${late} was computed`,
    `4 ${late} waited`,
    `6 ${late} was computed`,
    `8 ${late} was computed`,
    `9 ${late} waited`,
  ])
})

test("what becomes of each request is the same for the same seed", async () => {
  const latency = { latencyMsMin: 50, latencyMsMax: 350 }
  const one = await play({ whenFull: "newest" }, 1, latency)
  expect(await play({ whenFull: "newest" }, 1, latency)).toEqual(one)
  expect((await play({ whenFull: "newest" }, 2, latency)).digest).not.toBe(one.digest)
})

test("a model's worker dies in a simulation as often as is said, the same for the same seed, and comes back", async () => {
  const latency = { latencyMsMin: 5, latencyMsMax: 20, deathRate: 0.3 }
  const one = await play({ deadlineMs: 5_000, queueMax: 8 }, 3, latency)
  const lost = "the model's worker broke down: it ended"
  const outcomes = one.heard.filter((line) => /^\d/.test(line)).map((line) => line.replace(/^\d+ /, ""))
  expect(outcomes).toHaveLength(9)
  expect(new Set(outcomes)).toEqual(new Set(["answered", lost]))
  const told = one.heard.filter((line) => line.startsWith("undefined")).length
  expect(told).toBe(outcomes.filter((line) => line === lost).length)
  expect(await play({ deadlineMs: 5_000, queueMax: 8 }, 3, latency)).toEqual(one)
})
