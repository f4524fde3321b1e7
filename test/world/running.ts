// A bot of bots/ as a process of its own, on a simulated exchange in another.
import { join } from "node:path"
import { readAddress } from "../../src/runtime/storage/address.ts"
import { keysOf, type Program, type Simulator, start } from "./program.ts"
import { until } from "./until.ts"

export const TOKEN = "control-token-0123456789"

export interface Answer {
  readonly status: number
  readonly text: string
  readonly json: Record<string, unknown>
}

export interface Running {
  readonly program: Program
  readonly database: string
  readonly url: string
  ask(method: "GET" | "POST", path: string, options?: { token?: string; body?: unknown }): Promise<Answer>
  /** POST to /control with the token. */
  control(name: string, body?: unknown): Promise<Answer>
  isReady(): Promise<boolean>
  end(signal?: NodeJS.Signals): Promise<number>
}

export interface RunningOptions {
  readonly home: string
  readonly words?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where it trades, if not on the simulator. */
  readonly endpoint?: string
  /** Returns as soon as it answers; by default when it is safe to trade. */
  readonly isEarly?: boolean
}

const bodyOf = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

export async function startBot(sim: Simulator, name: string, options: RunningOptions): Promise<Running> {
  const { home, words = [], env = {}, endpoint = sim.url, isEarly = false } = options
  const database = join(home, `${name}.db`)
  const file = join(import.meta.dir, "bots", `${name}.ts`)
  const fixed = ["run", file, "--live", "--endpoint", endpoint, "--db", database, "--http-port", "0"]
  const program = start([...fixed, ...words], { cwd: home, env: { ...keysOf(sim), PERIGEE_TOKEN: TOKEN, ...env } })
  const address = () => {
    if (program.isOver()) throw new Error(`it ended by itself: ${program.out()}${program.err()}`)
    const found = readAddress(database)
    return found.kind === "running" && found.address.pid === program.pid ? found.address : undefined
  }
  await until("the bot answers", () => address() !== undefined)
  const { host, port } = address()!
  const url = `http://${host}:${port}`
  const ask: Running["ask"] = async (method, path, { token, body } = {}) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const reply = await fetch(url + path, { method, headers, ...content })
    const text = await reply.text()
    return { status: reply.status, text, json: bodyOf(text) }
  }
  const running: Running = {
    program,
    database,
    url,
    ask,
    control: (control, body) => ask("POST", `/control/${control}`, { token: TOKEN, body }),
    isReady: async () => (await ask("GET", "/ready")).status === 200,
    end(signal = "SIGTERM") {
      program.signal(signal)
      return program.ended
    },
  }
  if (!isEarly) await until("the bot is ready", () => running.isReady())
  return running
}
