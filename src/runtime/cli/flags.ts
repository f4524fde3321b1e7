import type { Machine } from "../../world/entrance.ts"
import { ConfigError } from "../domain/errors.ts"
import { number, type Options, text, type Values } from "./command.ts"

/** Options of commands that run a bot with its endpoint. */
export const HTTP: Options = {
  "http-port": { type: "string", value: "P", help: "port of the bot's endpoint; 0 picks a free one" },
  "http-host": { type: "string", value: "H", help: "address of the bot's endpoint (default 127.0.0.1)" },
}

const PORTS = { min: 0, max: 65_535, whole: true }

/** From the command line, else PERIGEE_HTTP_HOST and PERIGEE_HTTP_PORT. */
export function httpOf(values: Values, machine: Machine, fallback: number): { host: string; port: number } {
  const host = text(values, "http-host") ?? machine.env("PERIGEE_HTTP_HOST") ?? "127.0.0.1"
  const given = machine.env("PERIGEE_HTTP_PORT")
  const fromEnv = given === undefined ? undefined : number({ PERIGEE_HTTP_PORT: given }, "PERIGEE_HTTP_PORT", PORTS)
  return { host, port: number(values, "http-port", PORTS) ?? fromEnv ?? fallback }
}

/** `name=value`, several times. */
export function assignments(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=")
      if (at <= 0) throw new ConfigError(`--set ${word}: expected NAME=VALUE`)
      return [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}
