import { resolve } from "node:path"
import type { Machine } from "../../world/entrance.ts"
import type { Bot, Parts } from "../../world.ts"
import { door as openDoor } from "../../world/entrance.ts"
import { ConfigError } from "../domain/errors.ts"
import { type Arguments, flag, number, type Options, text, texts } from "./command.ts"
import { assignments, HTTP, httpOf } from "./flags.ts"
import { type Guard, startGuard } from "./guard.ts"

const PORT = 8600

export const RUN: Options = {
  live: { type: "boolean", help: "send real orders; wants keys in the environment and limits in the bot" },
  endpoint: { type: "string", value: "URL", help: "a simulated exchange or a proxy instead of the venue itself" },
  testnet: { type: "boolean", help: "the venue's test environment" },
  db: { type: "string", value: "FILE", help: "where orders and state are kept (default NAME.db here)" },
  keys: {
    type: "string",
    value: "PREFIX",
    help: "read PREFIX_BINANCE_API_KEY and so on: several accounts side by side",
  },
  set: { type: "string", multiple: true, value: "NAME=VALUE", help: "a parameter of the bot" },
  seconds: { type: "string", value: "N", help: "end by itself N seconds after it became ready" },
  record: { type: "string", value: "FILE", help: "write the market data to this tape, for perigee replay" },
  "record-model": { type: "string", value: "FILE", help: "write down what ZeroMQ models answer" },
  log: { type: "string", value: "LEVEL", help: "debug, info (default), warn or error" },
  json: { type: "boolean", help: "print a summary as one JSON line at the end" },
  ...HTTP,
}

export interface Loaded {
  readonly bot: Bot
  readonly name: string
  readonly parts: Parts
  modelFile(source: string): string
}

/**
 * Runs a bot with the words of the command line: the same for `perigee run` and a bot's own binary. The endpoint listens before
 * the bot and all it stands on are loaded.
 */
export async function runLoaded(
  machine: Machine,
  version: string,
  { values }: Arguments,
  load: (guard: Guard) => Promise<Loaded>,
): Promise<number> {
  if (!flag(values, "live")) {
    throw new ConfigError(
      "paper trading is not in this version; give --live to send orders (--endpoint URL --live trades on a simulated exchange)",
    )
  }
  if (flag(values, "testnet") && text(values, "endpoint") !== undefined) {
    throw new ConfigError("give --testnet or --endpoint, not both")
  }
  const seconds = number(values, "seconds", { min: 0.1, max: 1e9 })
  const endpoint = text(values, "endpoint")
  if (endpoint !== undefined && !/^https?:\/\/[^/]+\/?$/.test(endpoint)) {
    throw new ConfigError(`--endpoint ${endpoint}: expected http://host:port`)
  }
  const prefix = text(values, "keys")
  const [record, recordModel] = [text(values, "record"), text(values, "record-model")]
  const set = assignments(texts(values, "set"))
  const level = levelOf(text(values, "log"))
  const door = await openDoor(httpOf(values, machine, PORT))
  await door.breathe()
  const guard = startGuard(machine)
  try {
    await door.breathe()
    const loaded = await load(guard)
    await door.breathe()
    const { session } = await import("./session.ts")
    await door.breathe()
    const { status, summary } = await session(machine, {
      bot: loaded.bot,
      modelFile: loaded.modelFile,
      parts: loaded.parts,
      version,
      mode: "live",
      venue: {
        ...(flag(values, "testnet") ? { environment: "testnet" } : {}),
        ...(endpoint === undefined ? {} : { endpoint: endpoint.replace(/\/$/, "") }),
      },
      database: resolve(machine.cwd, text(values, "db") ?? `${loaded.name}.db`),
      set,
      door,
      guard,
      log: { level, to: 1 },
      ...(record === undefined ? {} : { record: resolve(machine.cwd, record) }),
      ...(recordModel === undefined ? {} : { recordModel: resolve(machine.cwd, recordModel) }),
      ...(prefix === undefined ? {} : { keyPrefix: prefix }),
      ...(seconds === undefined ? {} : { seconds }),
    })
    if (flag(values, "json")) machine.out(`${JSON.stringify(summary)}\n`)
    return status
  } finally {
    guard.stop()
    await door.close()
  }
}

const LEVELS = ["debug", "info", "warn", "error"] as const

export function levelOf(given = "info"): (typeof LEVELS)[number] {
  const level = LEVELS.find((known) => known === given)
  if (level === undefined) throw new ConfigError(`--log ${given}: expected ${LEVELS.join(", ")}`)
  return level
}
