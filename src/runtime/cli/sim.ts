import type { Machine } from "../../world/entrance.ts"
import { ConfigError } from "../domain/errors.ts"
import { type Command, EXIT, flag, number, only, text } from "./command.ts"

const PORT = 8700
/** On a machine that cannot make so many events a second there are fewer, and clients are answered all the same. */
const FLOW_LATE_MS_MAX = 200

/** `perigee sim MARKET`: the simulated exchange alone, for anyone's client. */
export const sim = (machine: Machine): Command => ({
  name: "sim",
  summary: "a simulated exchange on loopback that speaks a venue's own protocol",
  takes: "MARKET",
  options: {
    port: { type: "string", value: "P", help: `where to listen; 0 picks a free one (default ${PORT})` },
    seed: { type: "string", value: "N", help: "seed of the simulated order flow (default 1)" },
    tape: { type: "string", value: "FILE", help: "play these captured frames as market data" },
    pace: {
      type: "string",
      value: "N|max",
      help: "how many times faster than captured (default 1); max: as fast as the client takes it",
    },
    rate: { type: "string", value: "N", help: "simulated events a second and instrument (default 150)" },
    json: { type: "boolean", help: "print where it listens as one JSON line" },
  },
  async run(args) {
    const { openSimulator, SIM_ACCOUNT, simulatedMarkets } = await import("../../world/simulator.ts")
    const { outside } = await import("../../world/machine.ts")
    const { values } = args
    const market = only(args, `MARKET (${simulatedMarkets().join(", ")})`)
    const tape = text(values, "tape")
    const rate = number(values, "rate", { min: 0, max: 100_000 })
    const served = await openSimulator({
      market,
      outside: outside({ level: "warn", to: 2 }),
      host: "127.0.0.1",
      port: number(values, "port", { min: 0, max: 65_535, whole: true }) ?? PORT,
      seed: number(values, "seed", { min: 0, max: 2 ** 32 - 1, whole: true }) ?? 1,
      pace: paceOf(text(values, "pace"), tape),
      flowLateMsMax: FLOW_LATE_MS_MAX,
      ...(tape === undefined ? {} : { tape }),
      ...(rate === undefined ? {} : { rate }),
    })
    const where = { market, url: served.url, apiKey: SIM_ACCOUNT.apiKey, secret: SIM_ACCOUNT.secret }
    if (flag(values, "json")) machine.out(`${JSON.stringify(where)}\n`)
    else machine.out(`${market} at ${served.url} (API key ${where.apiKey}, secret ${where.secret}); stop with Ctrl-C\n`)
    const { promise, resolve } = Promise.withResolvers<void>()
    machine.onStop(() => resolve())
    machine.onOrphaned(() => resolve())
    await promise
    await served.close()
    return EXIT.ok
  },
})

function paceOf(given: string | undefined, tape: string | undefined): number | "asFast" {
  if (given === undefined) return 1
  if (tape === undefined) throw new ConfigError("--pace is for a --tape")
  if (given === "max") return "asFast"
  const pace = Number(given)
  if (pace > 0 && pace <= 10_000) return pace
  throw new ConfigError(`--pace ${given}: expected a number above 0, at most 10000, or max`)
}
