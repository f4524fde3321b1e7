// Programs under measurement: built, started, watched from outside.
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { SIM_ACCOUNT } from "../src/world/simulator.ts"

export const root = resolve(import.meta.dir, "..")

/** A folder that is gone when `close` is called. */
export function scratch(): { readonly folder: string; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), "perigee-bench-"))
  return { folder, close: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Runs to its end. Throws with what it said where it fails. */
export async function finished(words: readonly string[]): Promise<string> {
  const child = Bun.spawn([...words], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
  const [out, trouble, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (status !== 0) throw new Error(`${words.join(" ")} ended with status ${status}: ${trouble}`)
  return out
}

/** The last line that a program writes, when it has ended. */
export async function finishedJson<T>(child: {
  readonly stdout: ReadableStream<Uint8Array>
  readonly exited: Promise<number>
}): Promise<T> {
  const [out, status] = await Promise.all([new Response(child.stdout).text(), child.exited])
  if (status !== 0) throw new Error(`the program ended with status ${status}`)
  return JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as T
}

/** `perigee build` of a bot in `bench/bots`. */
export async function built(bot: string, folder: string): Promise<string> {
  const file = join(folder, bot)
  await finished([process.execPath, "src/main.ts", "build", `bench/bots/${bot}.ts`, "-o", file])
  return file
}

export interface Running {
  readonly pid: number
  readonly url: string
  stop(): Promise<void>
}

/** The simulated exchange at so many events a second and instrument. */
export async function simulator(rate: number): Promise<Running> {
  const words = ["src/main.ts", "sim", "binance-um", "--port", "0", "--json", "--rate", String(rate)]
  const child = Bun.spawn([process.execPath, ...words], { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
  const reader = child.stdout.getReader()
  let text = ""
  while (!text.includes("\n")) {
    const { value, done } = await reader.read()
    if (done) throw new Error("the simulated exchange ended before it was ready")
    text += new TextDecoder().decode(value)
  }
  const { url } = JSON.parse(text) as { url: string }
  return { pid: child.pid, url, stop: () => end(child) }
}

/** What the Dockerfile tells the engine: programs run here as the image runs them. */
export function engineSettings(): Record<string, string> {
  const lines = readFileSync(join(root, "Dockerfile"), "utf8").matchAll(/^ENV (BUN_JSC_\w+)=(\S+)$/gm)
  return Object.fromEntries(Array.from(lines, ([, name = "", value = ""]) => [name, value]))
}

/** A built bot, or another program that answers on a port of its own. */
export function program(words: readonly string[], port: number, cwd: string): Running {
  const keys = { BINANCE_API_KEY: SIM_ACCOUNT.apiKey, BINANCE_SECRET_KEY: SIM_ACCOUNT.secret }
  const env = { ...process.env, ...engineSettings(), ...keys }
  const child = Bun.spawn([...words], { cwd, env, stdio: ["ignore", "ignore", "inherit"] })
  return { pid: child.pid, url: `http://127.0.0.1:${port}`, stop: () => end(child) }
}

async function end(child: { kill(): void; readonly exited: Promise<number> }): Promise<void> {
  child.kill()
  await child.exited
}

/** One that nobody listens on now. */
export function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() })
  const { port = 0 } = server
  void server.stop(true)
  return port
}

export interface MemoryMb {
  readonly now: number
  readonly peak: number
  /** Of what is resident now: what is no copy of a file. */
  readonly anonymous: number
}

/** Resident memory of a process, MB. */
export function memoryMb(pid: number): MemoryMb {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1_024
  return { now: field("VmRSS"), peak: field("VmHWM"), anonymous: field("RssAnon") }
}
