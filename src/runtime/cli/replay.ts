import { existsSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import type { Machine } from "../../world/entrance.ts"
import type { ReplayOptions } from "../../world/replay.ts"
import { ConfigError, listed } from "../domain/errors.ts"
import { type Command, EXIT, flag, number, only, type Options, text, texts } from "./command.ts"
import { assignments } from "./flags.ts"
import { levelOf } from "./run-loaded.ts"
import { botFile, loadBot } from "./bot-file.ts"
import type { Summary } from "./session.ts"
import { words } from "./summary.ts"
import { traceFile } from "./trace-file.ts"

const LATENCY_MS = 10

const OPTIONS: Options = {
  tape: { type: "string", value: "FILE", help: "what perigee run --record has written, plain or .gz" },
  seed: { type: "string", value: "N", help: "seed of everything that chance decides (default 1)" },
  set: { type: "string", multiple: true, value: "NAME=VALUE", help: "a parameter of the bot" },
  seconds: { type: "string", value: "N", help: "only the first N seconds of the tape" },
  latency: { type: "string", value: "MS", help: `one way to the simulated exchange (default ${LATENCY_MS})` },
  replies: { type: "string", value: "FILE", help: "what ZeroMQ models answered: written by run --record-model" },
  trace: { type: "string", value: "FILE", help: "write a line for everything that happened" },
  "same-as": { type: "string", value: "FILE", help: "fail at the first line unlike this trace's" },
  log: { type: "string", value: "LEVEL", help: "debug, info, warn (default) or error, on stderr" },
  json: { type: "boolean", help: "print a summary as one JSON line" },
}

/** `perigee replay bot.ts --tape FILE`: a bot over a recorded tape, on a virtual clock. */
export const replay = (machine: Machine): Command => ({
  name: "replay",
  summary: "a bot file over a recorded tape, on a virtual clock",
  takes: "bot.ts",
  options: OPTIONS,
  async run(args) {
    const { values } = args
    const given = only(args, "bot file")
    const tape = text(values, "tape")
    if (tape === undefined) throw new ConfigError("--tape is missing; perigee run bot.ts --record FILE writes one")
    const path = resolve(machine.cwd, tape)
    if (!existsSync(path)) throw new ConfigError(`there is no ${tape}; perigee run bot.ts --record FILE writes a tape`)
    const seed = number(values, "seed", { min: 0, max: 2 ** 32 - 1, whole: true }) ?? 1
    const seconds = number(values, "seconds", { min: 0.001, max: 1e9 })
    const latencyMs = number(values, "latency", { min: 0, max: 10_000, whole: true }) ?? LATENCY_MS
    const level = levelOf(text(values, "log") ?? "warn")
    const set = assignments(texts(values, "set"))
    machine.seal()
    const real = machine.realImports(botFile(machine, given))
    if (real.length > 0) throw new ConfigError(`${given} cannot be replayed, for this stays real there:${listed(real)}`)
    const { bot, file } = await loadBot(machine, given)
    const { replay: play } = await import("../../world/replay.ts")
    const services = await servicesOf(pathOf(machine, text(values, "replies")), { bot, set })
    const trace = traceFile({ trace: text(values, "trace"), sameAs: text(values, "same-as") })
    const folder = dirname(file)
    const {
      stats,
      readyMs,
      seconds: played,
      why,
    } = await play({
      bot,
      file: path,
      seed,
      set,
      latencyMs,
      log: { level, to: 2 },
      modelFile: (source) => (isAbsolute(source) ? source : join(folder, source)),
      ...services,
      ...(seconds === undefined ? {} : { seconds }),
      ...(trace === undefined ? {} : { trace: trace.add }),
    })
    const difference = trace?.end()
    if (difference !== undefined) machine.err(`${difference}\n`)
    const rssMb = Math.round(machine.peakMemoryBytes() / 1e5) / 10
    const summary: Summary = { ...stats, readyMs: readyMs ?? null, rssMb, peakRssMb: rssMb, seconds: played, why }
    machine.out(flag(values, "json") ? `${JSON.stringify(summary)}\n` : words(summary))
    return difference === undefined ? EXIT.ok : EXIT.failed
  },
})

const pathOf = (machine: Machine, given: string | undefined): string | undefined =>
  given === undefined ? undefined : resolve(machine.cwd, given)

/** What stands for each model service of the bot: the answers that were recorded of it. */
async function servicesOf(
  file: string | undefined,
  { bot, set }: Pick<ReplayOptions, "bot" | "set">,
): Promise<Pick<ReplayOptions, "services">> {
  const [{ replies }, { planOf }, { everyPart }] = await Promise.all([
    import("../../world/replies.ts"),
    import("../../world.ts"),
    import("../../world/parts.ts"),
  ])
  const services: Record<string, Awaited<ReturnType<typeof replies>>> = {}
  for (const spec of planOf(bot, everyPart(), { set }).tasks) {
    if (spec.kind !== "predict" || spec.runner !== "zmq") continue
    if (file === undefined) {
      const remedy = "give what it answered with --replies; perigee run bot.ts --record-model FILE writes that"
      throw new ConfigError(`model ${spec.source} is a service, which a replay has not: ${remedy}`)
    }
    services[spec.source] = await replies(file, spec.id)
  }
  return { services }
}
