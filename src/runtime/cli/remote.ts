import { ConfigError, NetworkError } from "../domain/errors.ts"
import type { Http } from "../ports.ts"
import { type Arguments, type Command, EXIT, flag, only, type Options, text } from "./command.ts"
import type { Machine } from "../../world/entrance.ts"

/** What the commands that talk to a running bot need. */
export interface RemoteDeps {
  readonly terminal: Machine
  readonly http: Http
  /** Address of the bot whose database this is, from the file it writes beside it; UnreachableError where there is none. */
  addressOf(database: string): { readonly url: string; readonly pid: number }
  /** Control token from PERIGEE_TOKEN or PERIGEE_TOKEN_FILE. */
  token(): string | undefined
}

export const WHERE: Options = {
  db: { type: "string", value: "FILE", help: "the bot's database; its address is found beside it" },
  url: { type: "string", value: "URL", help: "the bot's endpoint, e.g. http://127.0.0.1:8600" },
  json: { type: "boolean", help: "print the answer as JSON" },
}

const TIMEOUT_MS = 5_000

export function baseUrl({ values }: Arguments, deps: RemoteDeps): string {
  const url = text(values, "url")
  const database = text(values, "db")
  if (url !== undefined && database !== undefined) throw new ConfigError("give --db or --url, not both")
  if (url !== undefined) return checked(url)
  if (database !== undefined) return deps.addressOf(database).url
  const port = deps.terminal.env("PERIGEE_HTTP_PORT") ?? "8600"
  return checked(`http://127.0.0.1:${port}`)
}

function checked(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, "")
  throw new ConfigError(`"${url}" is not an address; write http://host:port`)
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Undefined where nobody answers. */
export async function ask(
  deps: RemoteDeps,
  base: string,
  method: "GET" | "POST",
  path: string,
  body?: string,
): Promise<Answer | undefined> {
  const token = deps.token()
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    const reply = await deps.http.request(
      { method, url: `${base}${path}`, headers, ...(body === undefined ? {} : { body }) },
      TIMEOUT_MS,
    )
    return { status: reply.status, body: bodyOf(reply.body) }
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
    deps.terminal.err(`no bot answers at ${base}: ${error.message}\n`)
    return undefined
  }
}

function bodyOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const CONTROLS = {
  pause: "stop placing orders until `resume`; feeds go on",
  resume: "place orders again, after a pause or a halt",
  "cancel-all": "cancel the bot's open orders",
  flatten: "cancel the bot's orders and trade its position away",
  stop: "end the bot gracefully",
} as const

/** `settle CLIENT_ID`: ends an order whose fate the venue does not tell. */
export const settle = (deps: RemoteDeps): Command => ({
  name: "settle",
  summary: "end an order in doubt, after you have looked at the venue",
  takes: "CLIENT_ID",
  options: WHERE,
  async run(args) {
    const body = JSON.stringify({ clientId: only(args, "CLIENT_ID") })
    return answered("settle", await ask(deps, baseUrl(args, deps), "POST", "/control/settle", body), args, deps)
  },
})

function answered(name: string, answer: Answer | undefined, { values }: Arguments, { terminal }: RemoteDeps): number {
  if (answer === undefined) return EXIT.unreachable
  const isDone = answer.status >= 200 && answer.status < 300
  if (flag(values, "json")) terminal.out(`${JSON.stringify(answer.body)}\n`)
  else if (isDone) terminal.out(`${name}: done\n`)
  if (!isDone) terminal.err(`${name} was refused (${answer.status}): ${why(answer.body)}\n`)
  return isDone ? EXIT.ok : EXIT.failed
}

/** `pause`, `resume`, `flatten`, `stop`: one request each. */
export const controls = (deps: RemoteDeps): Command[] =>
  Object.entries(CONTROLS).map(([name, summary]) => ({
    name,
    summary,
    takes: "",
    options: WHERE,
    async run(args) {
      return answered(name, await ask(deps, baseUrl(args, deps), "POST", `/control/${name}`), args, deps)
    },
  }))

export function why(body: unknown): string {
  if (typeof body === "string") return body
  const { error, message, reasons } = body as { error?: unknown; message?: unknown; reasons?: unknown }
  if (typeof error === "string") return error
  if (typeof message === "string") return message
  return Array.isArray(reasons) ? reasons.join("; ") : JSON.stringify(body)
}
