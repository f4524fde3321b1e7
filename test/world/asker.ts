import { bot, type Bot, type PredictHandle, schedule } from "perigee"
import type { AltTensor } from "../../src/index.ts"
import { openWorld, type World, type WorldOptions } from "../../src/world.ts"
import { everyPart } from "../../src/world/parts.ts"
import { loud } from "./rig.ts"
import { until } from "./until.ts"

export interface Heard {
  /** The `id` of each answered request, and its values. */
  readonly answers: [string | undefined, number[]][]
  /** The `id` of each failed request, and why. */
  readonly failures: [string | undefined, string][]
  /** Of the model itself, not of a request. */
  readonly troubles: string[]
  /** Ticks of its schedule so far: it goes on. */
  ticks: number
}

export interface Asking {
  readonly world: World
  readonly heard: Heard
  readonly lines: readonly string[]
  /** Sends these on the next tick, and waits until each has come to something. */
  ask(...requests: readonly AltTensor[]): Promise<void>
  metrics(): Promise<string>
  close(): Promise<void>
}

export const request = (id: string, data: readonly number[], shape: readonly number[] = [data.length]): AltTensor => ({
  timestamp: 1_700_000_000_000_000,
  data: Float32Array.from(data),
  shape,
  metadata: { id },
})

/** A bot that asks one model what it is told to ask, in the real world. */
export async function asking(model: PredictHandle, more: Partial<WorldOptions> = {}): Promise<Asking> {
  const heard: Heard = { answers: [], failures: [], troubles: [], ticks: 0 }
  const waiting: AltTensor[] = []
  const asker = bot({ name: "asker" })
    .task(schedule({ everyMs: 5 }))
    .task(model)
    .strategy({
      onSchedule(_, ctx) {
        heard.ticks++
        for (const each of waiting.splice(0)) ctx.predict(model, each)
      },
      onPreds: ({ data }) => void heard.answers.push([data.metadata["id"], [...data.data]]),
      onError({ data: { kind, message, detail } }) {
        const { id } = (detail ?? {}) as { id?: string }
        if (kind === "prediction") heard.failures.push([id, message])
        else heard.troubles.push(message)
      },
    })
  const { outside, lines } = loud()
  const world = await openWorld({
    bot: asker as unknown as Bot,
    modelFile: (source) => source,
    parts: everyPart(),
    outside,
    version: "test",
    mode: "demo",
    venue: {},
    database: ":memory:",
    http: { host: "127.0.0.1", port: 0 },
    set: {},
    ended: () => undefined,
    ...more,
  })
  const close = () => world.stop("the test is over")
  try {
    await world.start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    world,
    heard,
    lines,
    close,
    async ask(...requests) {
      const wanted = heard.answers.length + heard.failures.length + requests.length
      waiting.push(...requests)
      await until("every request has come to something", () => heard.answers.length + heard.failures.length >= wanted)
    },
    metrics: async () => (await fetch(`${world.address}/metrics`)).text(),
  }
}
