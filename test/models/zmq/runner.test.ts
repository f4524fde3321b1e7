import { describe, expect, test } from "bun:test"
import { createRunner, type Link, type Listener, type RunnerOptions } from "../../../src/models/zmq/runner.ts"
import { describe as said, ModelError } from "../../../src/runtime/domain/errors.ts"
import { memoryOf } from "../../../src/runtime/domain/numbers.ts"
import type { AltTensor } from "../../../src/runtime/domain/tensor.ts"
import { failureOf, ManualClock, settled, tensor } from "./fixtures.ts"

const endpoint = "tcp://127.0.0.1:5555"

/** A link that does what the test says. */
class Script {
  readonly sent: { id: number; input: AltTensor }[] = []
  readonly forgotten: number[] = []
  renewals = 0
  opened = 0
  closed = 0
  failure: Error | undefined
  listener!: Listener

  readonly open = (listener: Listener): Promise<Link> => {
    this.opened++
    this.listener = listener
    return this.failure === undefined ? Promise.resolve(this.#link) : Promise.reject(this.failure)
  }

  readonly #link: Link = {
    send: (id, input) => void this.sent.push({ id, input: { ...input, data: input.data.slice() } }),
    forget: (id) => void this.forgotten.push(id),
    renew: () => void this.renewals++,
    close: () => Promise.resolve(void this.closed++),
  }

  answer(at: number, value: number): void {
    this.listener.answered(this.sent[at]!.id, tensor([value], [1]))
  }
}

async function started(options: Partial<RunnerOptions> = {}, isLoaded = true) {
  const clock = new ManualClock()
  const script = new Script()
  const random = { next: () => 1 }
  const plain = { clock, random, endpoint, open: script.open, inFlightMax: 1, queueMax: 2, whenFull: "refuse" } as const
  const runner = createRunner({ ...plain, ...options })
  if (isLoaded) await runner.load()
  const log: string[] = []
  const ask = (value: number, deadlineMs = 100) =>
    void runner.predict(tensor([value], [1]), deadlineMs).then(
      (output) => log.push(`${value} → ${output.data[0]}`),
      (error: unknown) => log.push(`${value} failed: ${said(error).replace(`model ${endpoint}: `, "")}`),
    )
  return { clock, script, runner, ask, log }
}

const connected = { isUp: true, isDead: false, why: "" }

describe("requests", () => {
  test("go out one at a time where the socket is REQ", async () => {
    const { script, ask, log } = await started()
    for (const value of [1, 2, 3]) ask(value)
    for (const at of [0, 1, 2]) {
      expect(script.sent).toHaveLength(at + 1)
      script.answer(at, 10 * (at + 1))
      await settled()
    }
    expect(log).toEqual(["1 → 10", "2 → 20", "3 → 30"])
  })

  test("go out together up to the bound where they are numbered, and are answered in any order", async () => {
    const { script, ask, log } = await started({ inFlightMax: 2 })
    for (const value of [1, 2, 3]) ask(value)
    expect(script.sent).toHaveLength(2)
    script.answer(1, 20)
    expect(script.sent).toHaveLength(3)
    script.answer(2, 30)
    script.answer(0, 10)
    await settled()
    expect(log).toEqual(["2 → 20", "3 → 30", "1 → 10"])
  })

  test("beyond the bound are refused, or push out the oldest", async () => {
    const refusing = await started()
    for (const value of [1, 2, 3, 4]) refusing.ask(value)
    await settled()
    expect(refusing.log).toEqual(["4 failed: 2 requests are waiting already, this one was refused"])
    const newest = await started({ whenFull: "newest" })
    for (const value of [1, 2, 3, 4]) newest.ask(value)
    await settled()
    expect(newest.log).toEqual(["2 failed: 2 requests are waiting, a newer one took this one's place"])
  })

  test("keep what they asked when the caller writes to the buffer while they wait", async () => {
    const { script, runner, clock } = await started()
    const input = tensor([1], [1])
    const asking = [runner.predict(input, 100), runner.predict(input, 100)]
    memoryOf(input.data)[0] = 99
    script.answer(0, 0)
    expect([...script.sent[1]!.input.data]).toEqual([1])
    script.answer(1, 0)
    await Promise.all(asking)
    expect(clock.pending).toBe(0)
  })

  test("with data and shape that disagree never leave", async () => {
    const { script, runner } = await started()
    const wrong = runner.predict(tensor([1, 2, 3], [2, 2]), 100)
    expect(await failureOf(wrong)).toBe(`model ${endpoint}: shape [2, 2] wants 4 values, but data holds 3`)
    expect(script.sent).toEqual([])
  })
})

describe("a deadline", () => {
  test("that passes has the request forgotten; its late answer is nobody's, the next goes out", async () => {
    const { clock, script, ask, log } = await started()
    script.listener.changed(connected)
    ask(1, 10)
    ask(2)
    clock.advance(10)
    expect(script.forgotten).toEqual([script.sent[0]!.id])
    script.answer(0, 666)
    script.answer(1, 20)
    await settled()
    expect(log).toEqual(["1 failed: no answer within 10 ms: the service is connected but slow or silent", "2 → 20"])
  })

  test("says that requests before it took that long, and takes it out of the queue", async () => {
    const { clock, script, ask, log } = await started()
    script.listener.changed(connected)
    ask(1)
    ask(2, 10)
    clock.advance(10)
    await settled()
    expect(log).toEqual(["2 failed: no answer within 10 ms: the requests before it took that long"])
    script.answer(0, 1)
    expect(script.sent).toHaveLength(1)
  })

  test("says that nothing was connected, and why", async () => {
    const { clock, script, ask, log } = await started()
    script.listener.changed({ isUp: false, isDead: false, why: "nothing answers there" })
    ask(1, 10)
    clock.advance(10)
    await settled()
    expect(log).toEqual(["1 failed: no answer within 10 ms: the service is not connected, nothing answers there"])
  })

  test("holds before loading is done", async () => {
    const { clock, ask, log } = await started({}, false)
    ask(1, 10)
    clock.advance(10)
    await settled()
    expect(log).toEqual(["1 failed: no answer within 10 ms: it was not loaded yet"])
  })
})

describe("a link", () => {
  test("that has given up is renewed, after pauses that grow until a request is answered", async () => {
    const { clock, script, ask } = await started()
    const died = { isUp: false, isDead: true, why: "it broke off" }
    const pauses: number[] = []
    for (const _ of [1, 2, 3]) {
      script.listener.changed(died)
      const before = script.renewals
      for (let ms = 0; script.renewals === before; ms++) {
        clock.advance(1)
        if (script.renewals > before) pauses.push(ms + 1)
      }
    }
    ask(1)
    script.answer(0, 1)
    script.listener.changed(died)
    clock.advance(100)
    expect(pauses).toEqual([100, 200, 400])
    expect(script.renewals).toBe(4)
  })

  test("that breaks fails what was on its way; the rest waits for another, which is opened at once", async () => {
    const { clock, script, ask, log } = await started()
    ask(1)
    ask(2)
    script.listener.broken("the worker broke down")
    clock.advance(0)
    await settled()
    expect([script.opened, log]).toEqual([2, ["1 failed: the worker broke down"]])
    script.answer(1, 20)
    await settled()
    expect(log.at(-1)).toBe("2 → 20")
  })

  test("that breaks again and again is opened after growing pauses, and refuses by name what cannot wait", async () => {
    const { clock, script, runner, ask, log } = await started()
    const told: string[] = []
    runner.watch?.({
      lost: (why, restartMs) => told.push(`lost: ${why}, ${restartMs} ms`),
      restored: () => told.push("restored"),
    })
    for (const pauseMs of [0, 500, 1_000]) {
      script.listener.broken("it broke")
      expect(runner.trouble?.()).toBe("it broke; it is being started again")
      clock.advance(pauseMs)
      await settled()
    }
    script.failure = new ModelError("no memory")
    script.listener.broken("it broke")
    ask(1, 1_999)
    ask(2, 9_000)
    clock.advance(2_000)
    await settled()
    expect(runner.trouble?.()).toBe("no memory; it is being started again")
    script.failure = undefined
    clock.advance(4_000)
    await settled()
    script.answer(0, 20)
    await settled()
    expect(log).toEqual(["1 failed: it broke; it restarts in 2000 ms, after this request's deadline", "2 → 20"])
    expect(told).toEqual([
      "lost: it broke, 0 ms",
      "restored",
      "lost: it broke, 500 ms",
      "restored",
      "lost: it broke, 1000 ms",
      "restored",
      "lost: it broke, 2000 ms",
      "lost: no memory, 4000 ms",
      "restored",
    ])
  })

  test("that cannot be opened fails the load and what waited for it", async () => {
    const { script, runner, ask, log } = await started({}, false)
    script.failure = new ModelError("libzmq could not be loaded")
    ask(1)
    expect(await failureOf(runner.load())).toBe(`model ${endpoint}: libzmq could not be loaded`)
    await settled()
    expect(log).toEqual(["1 failed: libzmq could not be loaded"])
    script.failure = undefined
    expect(await runner.load()).toMatchObject({ name: endpoint })
  })
})

describe("closing", () => {
  test("fails what is under way, closes the link once, and refuses what comes after", async () => {
    const { clock, script, runner, ask, log } = await started()
    ask(1)
    ask(2)
    await Promise.all([runner.close(), runner.close()])
    expect(log).toEqual(["1 failed: it was closed", "2 failed: it was closed"])
    expect(await failureOf(runner.predict(tensor([1], [1]), 10))).toBe(`model ${endpoint}: it is closed`)
    expect(await failureOf(runner.load())).toBe(`model ${endpoint}: it is closed`)
    expect([script.closed, clock.pending]).toEqual([1, 0])
  })
})
