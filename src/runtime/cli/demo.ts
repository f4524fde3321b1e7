import type { Child, Machine } from "../../world/entrance.ts"
import { door as openDoor } from "../../world/entrance.ts"
import { SIM_ACCOUNT } from "../../world/sim-account.ts"
import { ConfigError } from "../domain/errors.ts"
import { type Command, flag, number, type Options, text, texts, type Values } from "./command.ts"
import { assignments, HTTP, httpOf } from "./flags.ts"
import { Screen } from "./screen.ts"
import { words } from "./summary.ts"
import type { Service } from "./python.ts"
import type { VirtualModel } from "./virtual.ts"

const OPTIONS: Options = {
  seconds: { type: "string", value: "N", help: "end by itself N seconds after it became ready" },
  json: { type: "boolean", help: "print nothing but a summary as one JSON line at the end" },
  seed: { type: "string", value: "N", help: "seed of the simulated exchange's order flow (default 1)" },
  rate: { type: "string", value: "N", help: "simulated events a second and instrument (default 150)" },
  db: { type: "string", value: "FILE", help: "keep orders and state in this file (default: in memory only)" },
  endpoint: { type: "string", value: "URL", help: "use the simulated exchange that runs there (`perigee sim`)" },
  set: { type: "string", multiple: true, value: "NAME=VALUE", help: "a parameter of the sample bot" },
  model: { type: "string", value: "KIND", help: "onnx (default), in the bot; zmq, the same model in a Python service" },
  record: { type: "string", value: "FILE", help: "write the market data to this tape, for perigee replay" },
  "record-model": { type: "string", value: "FILE", help: "with --model zmq: write down what the service answers" },
  replies: {
    type: "string",
    value: "FILE",
    help: "with --virtual --model zmq: answers written down, instead of a service",
  },
  virtual: {
    type: "boolean",
    help: "bot and exchange in this process on a virtual clock: the same seed, the same run",
  },
  trace: { type: "string", value: "FILE", help: "with --virtual: write a line for everything that happened" },
  "same-as": { type: "string", value: "FILE", help: "with --virtual: fail at the first line unlike this trace's" },
  ...HTTP,
}

/** `perigee demo`: the sample bot against a simulated exchange in a process of its own, over real sockets. */
export const demo = (machine: Machine, version: string): Command => ({
  name: "demo",
  summary: "the sample bot against a simulated exchange on loopback; needs no key and no network",
  takes: "",
  options: OPTIONS,
  async run({ values }) {
    const isJson = flag(values, "json")
    const seconds = number(values, "seconds", { min: 0.1, max: 1e7 })
    const http = httpOf(values, machine, 0)
    const set = assignments(texts(values, "set"))
    const seed = number(values, "seed", { min: 0, max: 2 ** 32 - 1, whole: true }) ?? 1
    const rate = number(values, "rate", { min: 0, max: 100_000 })
    const model = modelOf(values, machine)
    const record = text(values, "record")
    if (flag(values, "virtual")) {
      refuseWith("--virtual", values, ["db", "endpoint", "http-host", "http-port", "record"])
      const { virtualDemo } = await import("./virtual.ts")
      const [trace, sameAs] = [text(values, "trace"), text(values, "same-as")]
      const asked = { seed, rate, set, trace, sameAs, seconds: seconds ?? 60, model }
      const { status, summary } = await virtualDemo(machine, asked)
      machine.out(isJson ? `${JSON.stringify(summary)}\n` : words(summary))
      return status
    }
    refuseWith("a run in real time", values, ["trace", "same-as", "replies"])
    const door = await openDoor(http)
    let service: Service | undefined
    let exchange: Exchange | undefined
    try {
      await door.breathe()
      service = model.kind === "zmq" ? await startService(machine) : undefined
      exchange = await openExchange(machine, { endpoint: text(values, "endpoint"), seed, rate })
      const screen = new Screen(machine, "perigee demo")
      const { everyPart } = await import("../../world/parts.ts")
      const { sampleBot, sampleBotOn, sampleModel } = await import("../../world/sample.ts")
      await door.breathe()
      const { session } = await import("./session.ts")
      await door.breathe()
      const { status, summary } = await session(machine, {
        bot: service === undefined ? sampleBot : sampleBotOn(service.endpoint),
        ...(model.record === undefined ? {} : { recordModel: model.record }),
        ...(record === undefined ? {} : { record }),
        modelFile: sampleModel,
        parts: everyPart(),
        version,
        mode: "demo",
        venue: { endpoint: exchange.url },
        database: text(values, "db") ?? ":memory:",
        credentials: SIM_ACCOUNT,
        set,
        door,
        log: { level: "warn", to: 2 },
        progressMs: 250,
        ...(seconds === undefined ? {} : { seconds }),
        ...(isJson ? {} : { progress: (world, readyMs) => screen.show(world, readyMs) }),
      })
      machine.out(isJson ? `${JSON.stringify(summary)}\n` : words(summary))
      return status
    } finally {
      exchange?.child?.stop()
      service?.stop()
      await door.close()
    }
  },
})

function refuseWith(what: string, values: Values, names: readonly string[]): void {
  const given = names.filter((name) => values[name] !== undefined)
  if (given.length > 0) throw new ConfigError(`${what} takes no ${given.map((name) => `--${name}`).join(", ")}`)
}

/** Which model, and what is to be written down of it or read instead. */
function modelOf(values: Values, machine: Machine): VirtualModel {
  const kind = text(values, "model") ?? "onnx"
  if (kind !== "onnx" && kind !== "zmq") throw new ConfigError(`--model ${kind}: expected onnx or zmq`)
  const [record, replies] = [text(values, "record-model"), text(values, "replies")]
  if (kind === "onnx") refuseWith("--model onnx", values, ["record-model", "replies"])
  else if (machine.runtime !== "bun") throw new ConfigError("--model zmq needs Bun: ZeroMQ models run there only")
  return { kind, record, replies }
}

async function startService(machine: Machine): Promise<Service> {
  const service = await import("./python.ts")
  return service.startService(machine)
}

interface Exchange {
  readonly url: string
  readonly child?: Child
}

async function openExchange(
  machine: Machine,
  { endpoint, seed, rate }: { endpoint: string | undefined; seed: number; rate: number | undefined },
): Promise<Exchange> {
  if (endpoint !== undefined) return { url: endpoint }
  const flow = rate === undefined ? [] : ["--rate", String(rate)]
  const child = machine.spawnSelf(["sim", "binance-um", "--port", "0", "--seed", String(seed), "--json", ...flow])
  try {
    const { url } = JSON.parse(await child.firstLine()) as { url: string }
    return { url, child }
  } catch (error) {
    child.stop()
    throw error
  }
}
