// A document's commands, run one after another as its reader would type them, with free ports and short runs.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../scan.ts"
import type { Command } from "./blocks.ts"

/** Programs that are this repository's own command line. */
const PERIGEE = ["perigee", "./perigee", "dist/perigee"]
const DEFAULT_SIMULATOR = "http://127.0.0.1:8700"
const DEFAULT_ENDPOINT = "http://127.0.0.1:8600"
const READY_MS_MAX = 15_000

interface Background {
  readonly words: string
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">
}

export class Session {
  readonly #folder: string
  readonly #env: Record<string, string> = {}
  readonly #background: Background[] = []
  #simulator = DEFAULT_SIMULATOR
  #endpoint = DEFAULT_ENDPOINT

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Why the command did not do what the document says; undefined where it did. */
  async run({ text, status }: Command): Promise<string | undefined> {
    const [, name, value] = /^export (\w+)=(\S*)$/.exec(text) ?? []
    if (name !== undefined) {
      const [, program] = /^\$\((\S+)\)$/.exec(value ?? "") ?? []
      this.#env[name] = program === undefined ? (value ?? "") : await printed(program)
      return undefined
    }
    const words = split(text).map((word) =>
      word.replace(DEFAULT_SIMULATOR, this.#simulator).replace(DEFAULT_ENDPOINT, this.#endpoint),
    )
    if (words[0] === "curl") return this.#ask(words)
    if (runsOn(words)) return this.#start(words)
    return this.#finish(words, status)
  }

  /** Ends what still runs, as Ctrl-C would; why something did not end well. */
  async close(): Promise<string[]> {
    const ends = this.#background.map(async ({ words, child }) => {
      child.kill("SIGTERM")
      const status = await child.exited
      return status === 0 ? [] : [`${words}: ended with status ${status}: ${await text(child.stderr)}`]
    })
    return (await Promise.all(ends)).flat()
  }

  #spawn(words: readonly string[]): Background["child"] {
    const [program = "", ...rest] = words
    const isOurs = PERIGEE.includes(program)
    const isRepository = program === "npm" || /^(?:node_modules|python|scripts)\//.test(program)
    const command = isOurs ? [process.execPath, join(root, "src/main.ts"), ...rest] : [program, ...rest]
    const { port } = new URL(this.#endpoint)
    return Bun.spawn(command, {
      cwd: isRepository ? root : this.#folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: this.#folder, PERIGEE_HTTP_PORT: port, ...this.#env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    })
  }

  async #finish(words: readonly string[], wanted: number): Promise<string | undefined> {
    const child = this.#spawn(shortened(words))
    const [out, err, status] = await Promise.all([text(child.stdout), text(child.stderr), child.exited])
    return status === wanted ? undefined : `ended with status ${status}, not ${wanted}: ${err}${out}`.slice(0, 1_000)
  }

  async #start(words: readonly string[]): Promise<string | undefined> {
    const isSimulator = words[1] === "sim"
    const free = isSimulator ? ["--port", "0", "--json"] : ["--http-port", "0"]
    const child = this.#spawn([...words, ...free])
    this.#background.push({ words: words.join(" "), child })
    if (!isSimulator) return this.#awaitReady(child)
    const { value } = await child.stdout.getReader().read()
    if (value === undefined) return `ended with status ${await child.exited}: ${await text(child.stderr)}`
    this.#simulator = (JSON.parse(new TextDecoder().decode(value)) as { url: string }).url
    return undefined
  }

  async #awaitReady(child: Background["child"]): Promise<string | undefined> {
    const giveUpAt = performance.now() + READY_MS_MAX
    while (performance.now() < giveUpAt) {
      if (child.exitCode !== null) return `ended with status ${child.exitCode}: ${await text(child.stderr)}`
      const file = readdirSync(this.#folder).find((name) => name.endsWith(".endpoint.json"))
      if (file !== undefined) {
        const { host, port } = JSON.parse(readFileSync(join(this.#folder, file), "utf8")) as {
          host: string
          port: number
        }
        this.#endpoint = `http://${host}:${port}`
        const ready = await fetch(`${this.#endpoint}/ready`).catch(() => undefined)
        if (ready?.ok === true) return undefined
      }
      await Bun.sleep(25)
    }
    return `not ready within ${READY_MS_MAX} ms`
  }

  /** `curl`, as far as the documents use it: -s, -f, -X and -H. */
  async #ask(words: readonly string[]): Promise<string | undefined> {
    const url = words.find((word) => word.startsWith("http")) ?? ""
    const header = words[words.indexOf("-H") + 1] ?? ""
    const headers = words.includes("-H")
      ? { [header.split(": ")[0] ?? ""]: this.#filled(header.split(": ")[1] ?? "") }
      : {}
    const method = words.includes("-X") ? (words[words.indexOf("-X") + 1] ?? "GET") : "GET"
    const reply = await fetch(url, { method, headers: { ...headers, connection: "close" } })
    await reply.body?.cancel()
    return reply.ok ? undefined : `${url} answers ${reply.status}`
  }

  #filled(value: string): string {
    return value.replaceAll(/\$(\w+)/g, (_match, name: string) => this.#env[name] ?? "")
  }
}

const text = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()

/** What a program of this repository prints, as `$(…)` would give it. */
async function printed(program: string): Promise<string> {
  const child = Bun.spawn([join(root, program)], { stdin: "ignore", stdout: "pipe", stderr: "inherit" })
  const out = await text(child.stdout)
  if ((await child.exited) !== 0) throw new Error(`${program} failed`)
  return out.trimEnd()
}

/** Words as a shell would split them: double and single quotes hold words together. */
const split = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "")

/** Whether it runs until it is stopped. */
function runsOn(words: readonly string[]): boolean {
  if (words.includes("--seconds") || words.includes("--help") || words.includes("--version")) return false
  const isOurs = PERIGEE.includes(words[0] ?? "")
  return isOurs ? words[1] === "sim" || words[1] === "run" : words.includes("--live")
}

/** The demo for one second, however long the document lets it run in real time. */
function shortened(words: readonly string[]): string[] {
  const isDemo =
    (words[0] === "npm" && words[1] === "start") || (PERIGEE.includes(words[0] ?? "") && words[1] === "demo")
  const at = words.indexOf("--seconds")
  const isRun = PERIGEE.includes(words[0] ?? "") && words[1] === "run"
  const free = isRun ? ["--http-port", "0"] : []
  // On a virtual clock a minute takes a second, and what follows may want what happens in it.
  if (words.includes("--virtual")) return [...words]
  if (at >= 0) return [...words.map((word, place) => (place === at + 1 ? "1" : word)), ...free]
  if (!isDemo) return [...words]
  return [...words, ...(words[0] === "npm" && !words.includes("--") ? ["--"] : []), "--seconds", "1"]
}
