import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { type CurveKeys, type ZmqOptions, zmqRunner } from "../../../src/models/zmq/index.ts"
import { describe as said } from "../../../src/runtime/domain/errors.ts"
import type { AltTensor } from "../../../src/runtime/domain/tensor.ts"
import type { Clock, ModelRunner, Timer } from "../../../src/runtime/ports.ts"

export const root = resolve(import.meta.dir, "../../..")

export const tensor = (
  data: ArrayLike<number>,
  shape: readonly number[],
  metadata: Record<string, string> = {},
): AltTensor => ({ timestamp: 1_700_000_000_000_000, data: Float32Array.from(data), shape, metadata })

export const failureOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => "it did not fail", said)

export const settled = () => new Promise((done) => setImmediate(done))

/** Real time, for real workers. */
export const realClock: Clock = {
  now: () => Date.now() * 1_000,
  monotonic: () => Math.round(performance.now() * 1_000),
  timer(delayMs, fire) {
    const handle = setTimeout(fire, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  defer: (run) => void setImmediate(run),
}

/** Time that the test moves. */
export class ManualClock implements Clock {
  #at = 0
  #timers: { at: number; fire: () => void }[] = []
  now = () => this.#at
  monotonic = () => this.#at
  defer = (run: () => void) => void this.timer(0, run)

  timer(delayMs: number, fire: () => void): Timer {
    const timer = { at: this.#at + delayMs * 1_000, fire }
    this.#timers.push(timer)
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== timer)) }
  }

  advance(ms: number): void {
    const until = this.#at + ms * 1_000
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((each) => each !== next)
      this.#at = next.at
      next.fire()
    }
    this.#at = until
  }

  get pending(): number {
    return this.#timers.length
  }
}

const opened = new Set<ModelRunner>()
const processes = new Set<Bun.Subprocess>()

export async function connected(source: string, options: Partial<ZmqOptions> = {}): Promise<ModelRunner> {
  const runner = zmqRunner({ clock: realClock, source, ...options })
  opened.add(runner)
  await runner.load()
  return runner
}

/** Ends everything that a test opened. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...opened].map((runner) => runner.close()))
  for (const each of processes) each.kill("SIGKILL")
  await Promise.all([...processes].map((each) => each.exited))
  opened.clear()
  processes.clear()
}

let made: Promise<string> | undefined

/** The interpreter of the environment that scripts/python-env.sh makes; its failure is the test's. */
export const interpreter = (): Promise<string> => (made ??= makeEnvironment())

async function makeEnvironment(): Promise<string> {
  const script = Bun.spawn([resolve(root, "scripts/python-env.sh")], { stdout: "pipe", stderr: "pipe" })
  const [out, why] = await Promise.all([script.stdout.text(), script.stderr.text()])
  if ((await script.exited) !== 0) throw new Error(why)
  return out.trim()
}

export interface Service {
  /** The first line it printed. */
  readonly line: string
  kill(): Promise<void>
}

/** A Python program, up once it has printed a line. */
export async function service(
  args: readonly string[],
  env: Record<string, string> = {},
  python?: string,
): Promise<Service> {
  const child = Bun.spawn([python ?? (await interpreter()), "-u", ...args], {
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, PYTHONPATH: resolve(root, "python"), ...env },
  })
  processes.add(child)
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ""
  while (!text.includes("\n")) {
    const { value, done } = await reader.read()
    if (done) throw new Error(await child.stderr.text())
    text += decoder.decode(value, { stream: true })
  }
  return {
    line: text.slice(0, text.indexOf("\n")),
    async kill() {
      child.kill("SIGKILL")
      await child.exited
      processes.delete(child)
    },
  }
}

/** A service of the kit whose `predict` is this Python text; `serve` gets the arguments. */
export async function kit(predict: string, args = "0", env: Record<string, string> = {}) {
  const text = `import os, time\nimport numpy as np\nfrom perigee_model import serve\n${predict}\nserve(predict, ${args})`
  const started = await service(["-c", text], env)
  return { ...started, endpoint: started.line.split(" ").at(-1)! }
}

/** A port of this machine that nobody listens on at the moment. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

interface Repeated<T> {
  readonly value: T
  readonly count: number
}
export interface Stored {
  readonly timestamp: number
  readonly data: readonly number[] | Repeated<number>
  readonly shape: readonly number[]
  readonly metadata: Readonly<Record<string, string | Repeated<string>>>
}
type Bytes = string | { readonly bytes: number; readonly fnv1a: number }

/** What Python's msgpack writes, by test/fixtures/msgpack/make.py. */
export const vectors = JSON.parse(readFileSync(resolve(root, "test/fixtures/msgpack/vectors.json"), "utf8")) as {
  readonly tensors: readonly (Stored & { readonly array: Bytes; readonly binary: Bytes })[]
  readonly good: readonly { readonly name: string; readonly reply: string; readonly tensor: Stored }[]
  readonly bad: readonly { readonly why: string; readonly reply: string }[]
  readonly badBinary: readonly { readonly why: string; readonly reply: string }[]
}

export const restored = ({ timestamp, data, shape, metadata }: Stored): AltTensor => ({
  timestamp,
  data: "count" in data ? new Float32Array(data.count).fill(data.value) : Float32Array.from(data),
  shape,
  metadata: Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key,
      typeof value === "string" ? value : value.value.repeat(value.count),
    ]),
  ),
})

/** Long ones are kept as a length and an FNV-1a hash. */
export function digest(bytes: Uint8Array): Bytes {
  if (bytes.length < 2_000) return Buffer.from(bytes).toString("hex")
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return { bytes: bytes.length, fnv1a: hash }
}

export type { CurveKeys }
