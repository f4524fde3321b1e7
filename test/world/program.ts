// The program as its users start it: a process of its own.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const root = join(import.meta.dir, "..", "..")
export const main = join(root, "src", "main.ts")

export interface Program {
  readonly pid: number
  /** Everything printed so far. */
  out(): string
  err(): string
  /** Resolves with the exit status; 128 + n after a signal. */
  readonly ended: Promise<number>
  /** Whether it has ended. */
  isOver(): boolean
  signal(name: NodeJS.Signals): void
  /** The first line of standard output. */
  firstLine(): Promise<string>
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Leads a process group of its own, as from a terminal. */
  readonly isLeader?: boolean
}

/** Only what a bot may read: nothing of this process's own environment but where programs are. */
const surroundings = (): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", HOME: tmpdir() })

export function start(
  words: readonly string[],
  { cwd = root, env = {}, isLeader = false }: StartOptions = {},
): Program {
  const child = Bun.spawn([process.execPath, main, ...words], {
    cwd,
    env: { ...surroundings(), ...env },
    stdin: "ignore",
    detached: isLeader,
    stdout: "pipe",
    stderr: "pipe",
  })
  const [out, err] = [gather(child.stdout), gather(child.stderr)]
  return {
    pid: child.pid,
    out: () => out.text,
    err: () => err.text,
    ended: Promise.all([child.exited, out.done, err.done]).then(([status]) => status),
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    signal: (name) => child.kill(name),
    async firstLine() {
      while (!out.text.includes("\n")) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`perigee ${words.join(" ")} ended first: ${err.text}`)
        await Bun.sleep(5)
      }
      return out.text.slice(0, out.text.indexOf("\n"))
    },
  }
}

function gather(stream: ReadableStream<Uint8Array>): { text: string; done: Promise<void> } {
  const decoder = new TextDecoder()
  const gathered = { text: "", done: Promise.resolve() }
  gathered.done = (async () => {
    for await (const chunk of stream) gathered.text += decoder.decode(chunk, { stream: true })
  })()
  return gathered
}

export interface Ended {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** Runs it to its end. */
export async function run(words: readonly string[], options?: StartOptions): Promise<Ended> {
  const program = start(words, options)
  const status = await program.ended
  return { status, out: program.out(), err: program.err() }
}

export interface Simulator {
  readonly program: Program
  readonly url: string
  readonly apiKey: string
  readonly secret: string
}

/** `perigee sim binance-um` on a free port. */
export async function startSimulator(words: readonly string[] = []): Promise<Simulator> {
  const program = start(["sim", "binance-um", "--port", "0", "--json", ...words])
  const where = JSON.parse(await program.firstLine()) as { url: string; apiKey: string; secret: string }
  return { program, ...where }
}

/** Environment of a bot that trades on it. */
export const keysOf = ({ apiKey, secret }: Simulator): Record<string, string> => ({
  BINANCE_API_KEY: apiKey,
  BINANCE_SECRET_KEY: secret,
})

/** An empty folder, and how to remove it. */
export function folder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "perigee-"))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
