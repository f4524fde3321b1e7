import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import type { Readable } from "node:stream"
import { pathToFileURL } from "node:url"
import { ConfigError, describe } from "../../domain/errors.ts"
import { writeAll } from "./output.ts"

/** A child process: of this very program, or one that knows to end with its standard input as well. */
export interface Child {
  readonly pid: number
  /** Resolves with the first line of its standard output; rejects with ConfigError where it ends before, or says nothing for half a minute. */
  firstLine(): Promise<string>
  stop(): void
}

/** The process this runs in: the only place that names it. */
export interface Machine {
  readonly runtime: "bun" | "deno"
  readonly args: readonly string[]
  readonly cwd: string
  readonly isInteractive: boolean
  readonly columns: number
  out(text: string): void
  err(text: string): void
  env(name: string): string | undefined
  /** Of every variable there is. */
  envNames(): readonly string[]
  /** Called once at SIGINT or SIGTERM; a second signal ends the process at once. Never in a child: see `onOrphaned`. */
  onStop(asked: (signal: string) => void): void
  /** Called when the process that started this one as its child is gone or has stopped it. Never called where nobody did. */
  onOrphaned(gone: () => void): void
  /** Runs this program again with these words, its standard error passed on. It ends when this process does. */
  spawnSelf(words: readonly string[]): Child
  /** Runs another program likewise; `name` is for messages. It should end when its standard input does. */
  spawn(command: readonly [string, ...string[]], name: string): Child
  /** Peak resident memory so far, bytes. */
  peakMemoryBytes(): number
  exit(status: number): never
  /**
   * From here on nothing that a bot file names is fetched from a network while it loads. May start this process anew, with
   * the same words: so before anything else is done. Throws ConfigError where it cannot be had.
   */
  seal(): void
  /**
   * What a bot file and its own modules import that stays real in a simulation, in words; empty where nothing does. On Deno
   * nobody looks.
   */
  realImports(file: string): readonly string[]
  /** Default export of a module file. */
  load(file: string): Promise<unknown>
}

const INTERRUPTED = 130

export interface MachineOptions {
  readonly runtime: Machine["runtime"]
  /** Executable and arguments that start this program again. */
  command(words: readonly string[]): readonly [string, ...string[]]
  seal: Machine["seal"]
  realImports: Machine["realImports"]
}

export function processMachine({ runtime, command, seal, realImports }: MachineOptions): Machine {
  return {
    runtime,
    args: process.argv.slice(2),
    cwd: process.cwd(),
    isInteractive: Boolean(process.stdout.isTTY),
    columns: process.stdout.columns || 80,
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    env: (name) => process.env[name],
    envNames: () => Object.keys(process.env),
    onStop,
    onOrphaned,
    spawnSelf: (words) => spawnChild(command(words), `perigee ${words.join(" ")}`),
    spawn: spawnChild,
    peakMemoryBytes,
    exit: (status) => process.exit(status),
    seal,
    realImports,
    load: async (file) => ((await import(pathToFileURL(file).href)) as { default?: unknown }).default,
  }
}

/** On Linux the system's count goes on from what the process was before it became this program: its starter, often larger. */
function peakMemoryBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? []
    if (kilobytes !== undefined) return Number(kilobytes) * 1_024
  } catch {
    // Another system than Linux.
  }
  return process.resourceUsage().maxRSS * 1_024
}

/** Tells a child that its standard input is its parent's word: when that ends, so has the parent. */
const CHILD = "PERIGEE_CHILD"
const isChild = (): boolean => process.env[CHILD] === "1"

function onStop(asked: (signal: string) => void): void {
  // Ctrl-C and supervisors signal the whole group at once. A child stays until its parent, which still needs it, is done.
  if (isChild()) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined)
    return
  }
  let isAsked = false
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (isAsked) process.exit(INTERRUPTED)
      isAsked = true
      asked(signal)
    })
  }
}

function onOrphaned(gone: () => void): void {
  if (!isChild()) return
  process.stdin.on("end", gone)
  process.stdin.resume()
}

/** A child that says nothing for so long will not. */
const WORD_MS_MAX = 30_000

function spawnChild([program, ...args]: readonly [string, ...string[]], name: string): Child {
  // The child reads its standard input and ends when this process has ended, however that happened.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, [CHILD]: "1" } })
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  child.on("error", (error) => failed.reject(unread(name, error)))
  const silent = (): void => {
    failed.reject(new ConfigError(`${name} has said nothing for ${WORD_MS_MAX / 1_000} s`))
    child.kill("SIGKILL")
  }
  return {
    pid: child.pid ?? 0,
    firstLine() {
      const limit = setTimeout(silent, WORD_MS_MAX)
      return Promise.race([firstLine(child.stdout, name), failed.promise]).finally(() => clearTimeout(limit))
    },
    stop: () => void child.stdin.end(),
  }
}

async function firstLine(stream: Readable, name: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ""
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      const end = text.indexOf("\n")
      if (end >= 0) return text.slice(0, end)
    }
  } catch (error) {
    throw unread(name, error)
  }
  throw new ConfigError(`${name} ended before it was ready; its last words are above`)
}

const unread = (name: string, error: unknown): ConfigError =>
  new ConfigError(`${name} could not be read: ${describe(error)}`, { cause: error })
