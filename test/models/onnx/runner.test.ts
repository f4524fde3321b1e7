import { describe, expect, test } from "bun:test"
import { type Backend, LostRuntime, type Open } from "../../../src/models/onnx/backend.ts"
import type { ModelFacts } from "../../../src/models/onnx/model.ts"
import type { RuntimeKind } from "../../../src/models/onnx/ort.ts"
import { createRunner, type RunnerOptions } from "../../../src/models/onnx/runner.ts"
import type { Values } from "../../../src/models/onnx/session.ts"
import { describe as said, ModelError } from "../../../src/runtime/domain/errors.ts"
import { memoryOf } from "../../../src/runtime/domain/numbers.ts"
import { ManualClock, tensor } from "./fixtures.ts"

const facts: ModelFacts = {
  name: "echo",
  file: "echo.onnx",
  inputs: ["x"],
  outputs: ["y"],
  outputIndex: 0,
  outputType: "f32",
  memoryBytes: 1,
}

interface Asked {
  readonly data: Float32Array
  answer(value: number): void
  fail(error: Error): void
}

/** A backend that answers when the test says so. */
class Script {
  readonly asked: Asked[] = []
  readonly opened: RuntimeKind[] = []
  closed = 0
  failure: Error | undefined
  isSilent = false
  /** Of the backend opened last. */
  #end = Promise.withResolvers<LostRuntime>()

  readonly open: Open = (runtime) => {
    this.opened.push(runtime)
    const { failure } = this
    if (this.isSilent) return { opened: new Promise(() => {}), abort: () => void this.closed++ }
    const opened = failure === undefined ? Promise.resolve(this.#backend()) : Promise.reject(failure)
    return { opened, abort: () => void this.closed++ }
  }

  /** The worker is no more. */
  end(): void {
    const lost = new LostRuntime("it ended", { hasEnded: true })
    this.asked.at(-1)?.fail(lost)
    this.#end.resolve(lost)
  }

  readonly #backend = (): Backend => ({
    facts,
    lost: (this.#end = Promise.withResolvers<LostRuntime>()).promise,
    run: (data) =>
      new Promise<Values>((resolve, reject) => {
        this.asked.push({
          data,
          answer: (value) => resolve({ data: Float32Array.of(value), shape: [1] }),
          fail: reject,
        })
      }),
    close: () => void this.closed++,
  })
}

const plain = {
  random: { next: () => 1 },
  file: "echo.onnx",
  runtime: "trimmed",
  queueMax: 2,
  whenFull: "refuse",
  isHandedOver: false,
  loadMsMax: 1_000,
  stuckMsMax: 500,
} as const

async function started(options: Partial<RunnerOptions> = {}) {
  const clock = new ManualClock()
  const script = new Script()
  const runner = createRunner({ ...plain, clock, open: script.open, ...options })
  await runner.load()
  const log: string[] = []
  /** Asks with one value and notes how it ends. */
  const ask = (value: number, deadlineMs = 100) =>
    void runner.predict(tensor([value], [1]), deadlineMs).then(
      (output) => log.push(`${value} → ${output.data[0]}`),
      (error: unknown) => log.push(`${value} failed: ${said(error)}`),
    )
  return { clock, script, runner, ask, log }
}

const failureOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => "it did not fail", said)

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe("requests", () => {
  test("are computed one at a time and answered in order", async () => {
    const { script, ask, log } = await started()
    for (const value of [1, 2, 3]) ask(value)
    for (const index of [0, 1, 2]) {
      expect(script.asked).toHaveLength(index + 1)
      script.asked[index]!.answer(10 * (index + 1))
      await settled()
    }
    expect(log).toEqual(["1 → 10", "2 → 20", "3 → 30"])
  })

  test("beyond the bound are refused, the waiting ones unharmed", async () => {
    const { script, ask, log } = await started()
    for (const value of [1, 2, 3, 4]) ask(value)
    await settled()
    expect(log).toEqual(["4 failed: model echo.onnx: 2 requests are waiting already, this one was refused"])
    for (const index of [0, 1, 2]) {
      script.asked[index]!.answer(index)
      await settled()
    }
    expect(log.slice(1)).toEqual(["1 → 0", "2 → 1", "3 → 2"])
  })

  test("beyond the bound push out the oldest waiting one where the newest is wanted", async () => {
    const { script, ask, log } = await started({ whenFull: "newest" })
    for (const value of [1, 2, 3, 4]) ask(value)
    await settled()
    expect(log).toEqual(["2 failed: model echo.onnx: 2 requests are waiting, a newer one took this one's place"])
    script.asked[0]!.answer(0)
    await settled()
    expect([...script.asked[1]!.data]).toEqual([3])
  })

  test("carry their metadata and timestamp to the answer, and win over the runner's own words", async () => {
    const { script, runner } = await started()
    const answer = runner.predict(tensor([1], [1], { id: "7", model_name: "mine" }), 100)
    script.asked[0]!.answer(5)
    expect(await answer).toEqual({
      timestamp: 1_700_000_000_000_000,
      data: Float32Array.of(5),
      shape: [1],
      metadata: {
        id: "7",
        model_name: "mine",
        model_runner: "onnx",
        output_index: "0",
        output_count: "1",
        output_dtype: "f32",
      },
    })
  })

  test("with data and shape that disagree never reach the model", async () => {
    const { script, runner } = await started()
    const wrong = runner.predict(tensor([1, 2, 3], [2, 2]), 100)
    expect(await failureOf(wrong)).toBe("model echo.onnx: shape [2, 2] wants 4 values, but data holds 3")
    expect(script.asked).toEqual([])
  })

  test("keep what they asked when the caller writes to the buffer while they wait", async () => {
    const { script, runner } = await started()
    const input = tensor([1], [1])
    const asking = [runner.predict(input, 100), runner.predict(input, 100)]
    memoryOf(input.data)[0] = 99
    script.asked[0]!.answer(0)
    await asking[0]
    expect([...script.asked[1]!.data]).toEqual([1])
  })

  test("leave no timer behind", async () => {
    const { clock, script, ask } = await started()
    ask(1)
    script.asked[0]!.answer(0)
    await settled()
    expect(clock.pending).toBe(0)
  })
})

describe("a deadline", () => {
  test("that passes while a request is computed rejects it, and its late answer is nobody's", async () => {
    const { clock, script, ask, log } = await started()
    ask(1, 10)
    ask(2, 100)
    clock.advance(10)
    await settled()
    expect(log).toEqual([
      "1 failed: model echo.onnx: no answer within 10 ms, the deadline passed while it was computed",
    ])
    script.asked[0]!.answer(111)
    await settled()
    script.asked[1]!.answer(222)
    await settled()
    expect(log.slice(1)).toEqual(["2 → 222"])
  })

  test("that passes while a request waits takes it out: it is never computed and delays nobody", async () => {
    const { clock, script, ask, log } = await started()
    ask(1, 100)
    ask(2, 10)
    ask(3, 100)
    clock.advance(10)
    await settled()
    expect(log).toEqual(["2 failed: model echo.onnx: no answer within 10 ms, the deadline passed while it waited"])
    script.asked[0]!.answer(0)
    await settled()
    expect([...script.asked[1]!.data]).toEqual([3])
  })

  test("holds for requests made before the model is loaded", async () => {
    const clock = new ManualClock()
    const runner = createRunner({ ...plain, clock, open: new Script().open })
    const early = runner.predict(tensor([1], [1]), 10)
    clock.advance(10)
    expect(await failureOf(early)).toEndWith("no answer within 10 ms, the deadline passed while it waited")
  })
})

describe("a model that hangs", () => {
  test("is given up after the bound and opened again for the next request", async () => {
    const { clock, script, ask, log } = await started()
    ask(1, 10)
    ask(2, 10_000)
    clock.advance(500)
    await settled()
    expect(script.closed).toBe(1)
    expect(script.opened).toEqual(["trimmed", "trimmed"])
    script.asked[1]!.answer(20)
    await settled()
    script.asked[0]!.answer(666)
    await settled()
    expect(log).toEqual([
      "1 failed: model echo.onnx: no answer within 10 ms, the deadline passed while it was computed",
      "2 → 20",
    ])
  })

  test("while it loads is given up after the bound", async () => {
    const clock = new ManualClock()
    const script = new Script()
    script.isSilent = true
    const runner = createRunner({ ...plain, clock, open: script.open })
    const loading = runner.load()
    clock.advance(1_000)
    expect(await failureOf(loading)).toBe("model echo.onnx did not load within 1000 ms")
    expect(script.closed).toBe(1)
  })
})

describe("a runtime that breaks down", () => {
  test("is replaced by the full one, which is asked the same again", async () => {
    const { script, ask, log } = await started()
    ask(1)
    ask(2)
    script.asked[0]!.fail(new LostRuntime("trap"))
    await settled()
    expect(script.opened).toEqual(["trimmed", "full"])
    expect([...script.asked[1]!.data]).toEqual([1])
    script.asked[1]!.answer(10)
    await settled()
    script.asked[2]!.answer(20)
    await settled()
    expect(log).toEqual(["1 → 10", "2 → 20"])
  })

  test("gets the data of a request back that had been moved to it", async () => {
    const { script, runner } = await started({ isHandedOver: true })
    const input = tensor([7], [1])
    const answer = runner.predict(input, 100)
    const { buffer } = memoryOf(input.data)
    const back = new Float32Array(structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }))
    script.asked[0]!.fail(new LostRuntime("trap", { back }))
    await settled()
    expect([...script.asked[1]!.data]).toEqual([7])
    script.asked[1]!.answer(70)
    expect([...(await answer).data]).toEqual([70])
  })

  test("when it is the full one fails that request alone, and is opened again", async () => {
    const { script, ask, log } = await started({ runtime: "full" })
    ask(1)
    ask(2)
    script.asked[0]!.fail(new LostRuntime("out of memory"))
    await settled()
    script.asked[1]!.answer(20)
    await settled()
    expect(log).toEqual(["1 failed: model echo.onnx: out of memory", "2 → 20"])
    expect(script.opened).toEqual(["full", "full"])
  })

  test("by one request, however often it is made, is never asked that request again by itself", async () => {
    const { clock, script, ask, log } = await started()
    ask(666)
    script.asked[0]!.fail(new LostRuntime("trap"))
    await settled()
    script.asked[1]!.fail(new LostRuntime("trap"))
    await settled()
    clock.advance(60_000)
    await settled()
    expect(script.asked).toHaveLength(2)
    expect(script.opened).toEqual(["trimmed", "full", "full"])
    expect(log).toEqual(["666 failed: model echo.onnx: trap"])
  })
})

describe("a worker that ends", () => {
  /** When it was opened, ms, while it ends again `deaths` times as soon as it is there. */
  async function openings(deaths: number): Promise<number[]> {
    const { clock, script } = await started()
    const found: number[] = []
    for (let death = 0; death < deaths; death++) {
      const before = script.opened.length
      const diedAt = clock.monotonic()
      script.end()
      await settled()
      while (script.opened.length === before) clock.advance(1)
      await settled()
      found.push((clock.monotonic() - diedAt) / 1_000)
    }
    return found
  }

  test("between two requests is noticed, and replaced by one of its kind before anybody asks", async () => {
    const { script, runner, ask, log } = await started()
    script.end()
    await settled()
    expect(script.opened).toEqual(["trimmed", "trimmed"])
    expect(runner.trouble?.()).toBeUndefined()
    ask(1)
    script.asked[0]!.answer(10)
    await settled()
    expect(log).toEqual(["1 → 10"])
  })

  test("fails the request it was computing, which is not asked again; those behind it are answered", async () => {
    const { script, ask, log } = await started()
    ask(1)
    ask(2)
    script.end()
    await settled()
    expect([...script.asked[1]!.data]).toEqual([2])
    script.asked[1]!.answer(20)
    await settled()
    expect(log).toEqual(["1 failed: model echo.onnx: it ended", "2 → 20"])
  })

  test("again and again is replaced at once, then after pauses that double to half a minute", async () => {
    expect(await openings(10)).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  test("is replaced at once again when it has answered for half a minute, not when it merely was there", async () => {
    const { clock, script, ask } = await started()
    const end = async (): Promise<number> => {
      const before = script.opened.length
      script.end()
      await settled()
      return script.opened.length - before
    }
    expect([await end(), await end()]).toEqual([1, 0])
    clock.advance(500)
    await settled()
    clock.advance(60_000)
    expect(await end()).toBe(0)
    clock.advance(1_000)
    await settled()
    clock.advance(30_000)
    ask(1)
    script.asked.at(-1)!.answer(10)
    await settled()
    expect(await end()).toBe(1)
  })

  test("refuses at once, by name, what cannot wait for its replacement; the rest waits and is answered", async () => {
    const { clock, script, ask, log, runner } = await started()
    script.end()
    await settled()
    ask(0, 2_000)
    ask(1, 2_000)
    ask(2, 100)
    script.end()
    await settled()
    ask(3, 499)
    ask(4, 2_000)
    ask(5, 2_000)
    await settled()
    expect(runner.trouble?.()).toBe("it ended; it is being started again")
    const later = "model echo.onnx: it ended; it restarts in 500 ms, after this request's deadline"
    expect(log).toEqual([
      "0 failed: model echo.onnx: it ended",
      `2 failed: ${later}`,
      `3 failed: ${later}`,
      "5 failed: model echo.onnx: 2 requests are waiting already, this one was refused",
    ])
    clock.advance(500)
    await settled()
    for (const index of [1, 2]) {
      script.asked[index]!.answer(index)
      await settled()
    }
    expect(log.slice(4)).toEqual(["1 → 1", "4 → 2"])
    expect(runner.trouble?.()).toBeUndefined()
  })

  test("and cannot be replaced is tried again after growing pauses, with the reason of the last attempt", async () => {
    const { clock, script, ask, log } = await started()
    script.failure = new ModelError("no memory left")
    script.end()
    await settled()
    expect(script.opened).toHaveLength(2)
    ask(1)
    clock.advance(500)
    await settled()
    ask(2, 999)
    script.failure = undefined
    ask(3, 1_500)
    clock.advance(1_000)
    await settled()
    script.asked[0]!.answer(30)
    await settled()
    const why = "model echo.onnx: no memory left; it restarts in"
    expect(log).toEqual([
      `1 failed: ${why} 500 ms, after this request's deadline`,
      `2 failed: ${why} 1000 ms, after this request's deadline`,
      "3 → 30",
    ])
  })

  test("is told of to whoever watches, and so is its return", async () => {
    const { clock, script, runner } = await started()
    const told: string[] = []
    runner.watch?.({
      lost: (why, restartMs) => told.push(`lost: ${why}, ${restartMs} ms`),
      restored: () => told.push("restored"),
    })
    script.end()
    await settled()
    script.end()
    await settled()
    clock.advance(500)
    await settled()
    expect(told).toEqual(["lost: it ended, 0 ms", "restored", "lost: it ended, 500 ms", "restored"])
  })

  test("is not replaced after its model was closed", async () => {
    const { clock, script, runner } = await started()
    script.end()
    await settled()
    script.end()
    await settled()
    await runner.close()
    clock.advance(60_000)
    await settled()
    expect([script.opened.length, clock.pending]).toEqual([2, 0])
  })
})

describe("loading", () => {
  test("that fails says why and can be tried again", async () => {
    const clock = new ManualClock()
    const script = new Script()
    script.failure = new ModelError("there is no such file")
    const runner = createRunner({ ...plain, clock, open: script.open })
    const waiting = runner.predict(tensor([1], [1]), 1_000)
    const failures = await Promise.all([failureOf(runner.load()), failureOf(waiting)])
    expect(failures).toEqual(["model echo.onnx: there is no such file", "model echo.onnx: there is no such file"])
    script.failure = undefined
    expect(await runner.load()).toMatchObject({ name: "echo", memoryBytes: 1 })
  })

  test("happens once, however often it is asked for", async () => {
    const { script, runner } = await started()
    expect(await Promise.all([runner.load(), runner.load()])).toHaveLength(2)
    expect(script.opened).toHaveLength(1)
  })

  test("with a trimmed runtime that lacks something turns to the full one", async () => {
    const clock = new ManualClock()
    const script = new Script()
    const open: Open = (runtime) => {
      const opening = script.open(runtime)
      return runtime === "full" ? opening : { ...opening, opened: Promise.reject(new LostRuntime("trap")) }
    }
    await createRunner({ ...plain, clock, open }).load()
    expect(script.opened).toEqual(["trimmed", "full"])
  })
})

describe("closing", () => {
  test("ends what waits and what is computed, and the worker", async () => {
    const { script, runner, ask, log, clock } = await started()
    ask(1)
    ask(2)
    await runner.close()
    await settled()
    expect(log.toSorted()).toEqual(["1 failed: model echo.onnx was closed", "2 failed: model echo.onnx was closed"])
    expect(script.closed).toBe(1)
    expect(clock.pending).toBe(0)
    expect(await failureOf(runner.predict(tensor([1], [1]), 10))).toBe("model echo.onnx is closed")
  })
})
