import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { compile } from "../../../src/runtime/cli/build/compile.ts"
import { cleanUp, interpreter, kit, root, service } from "./fixtures.ts"

const folder = mkdtempSync(join(tmpdir(), "perigee-zmq-"))
/** What a program is started with: the endpoint, and the service's key where it wants one. */
let plain: string[]
let encrypted: string[]

beforeAll(async () => {
  await interpreter()
  const predict = "def predict(x, metadata): return 2 * x"
  plain = [(await kit(predict, `0, "router"`)).endpoint]
  const { line } = await service(["-c", "import zmq; print(*[key.decode() for key in zmq.curve_keypair()])"])
  const [key, secret] = line.split(" ") as [string, string]
  encrypted = [(await kit(predict, `0, "router"`, { PERIGEE_ZMQ_SERVER_SECRET_KEY: secret })).endpoint, key]
}, 120_000)
afterAll(async () => {
  await cleanUp()
  rmSync(folder, { recursive: true, force: true })
})

/** A program whose `run` is this text; `ask()` gives the answers to two models, `loaded()` tells how often libzmq is in memory. */
function program(name: string, run: string): string {
  const text = `
import { readFileSync } from "node:fs"
import { zmqRunner } from ${JSON.stringify(resolve(root, "src/models/zmq/index.ts"))}
import { systemClock } from ${JSON.stringify(resolve(root, "src/runtime/platform/shared/clock.ts"))}
const clock = systemClock()
const [source, serverKey] = process.argv.slice(2)
const curve = serverKey === undefined ? false : { serverKey }
const runners = (["req", "dealer"] as const).map((mode) => zmqRunner({ clock, source: source!, mode, curve }))
const input = { timestamp: 1, data: Float32Array.of(1, 2), shape: [2], metadata: {} }
const ask = () => Promise.all(runners.map(async (runner) => {
  await runner.load()
  return [...(await runner.predict(input, 5_000)).data]
}))
const loaded = () => {
  const text = readFileSync("/proc/self/maps", "utf8").split("\\n")
  const files = text.filter((line) => /r-xp.*(addon\\.node|\\.bun-.*\\.so)/.test(line)).map((line) => line.split(" ").at(-1))
  return files.length
}
${run}`
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, text)
  return file
}

async function output(command: readonly string[], words: readonly string[]): Promise<{ out: string; code: number }> {
  const empty = join(folder, "empty")
  mkdirSync(empty, { recursive: true })
  const child = Bun.spawn([...command, ...words], { cwd: empty, stdout: "pipe", stderr: "pipe" })
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return { out: out.trim() + err.trim(), code: await child.exited }
}

const say = `console.log(JSON.stringify([before, await ask(), loaded()]))`
const close = `await Promise.all(runners.map((runner) => runner.close()))`
// Where there is no /proc, what is loaded cannot be seen.
const isLinux = process.platform === "linux"
const before = "const before = loaded()"

describe.if(isLinux)("a process", () => {
  test("has no libzmq for models that are not encrypted, and ends by itself once they are closed", async () => {
    const file = program("plain", `${before}\n${say}\n${close}`)
    expect(await output([process.execPath, file], plain)).toEqual({ out: "[0,[[2,4],[2,4]],0]", code: 0 })
  })

  test("has no libzmq until an encrypted one is loaded, one for two of them, and ends by itself once they are closed", async () => {
    const file = program("ends", `${before}\n${say}\n${close}`)
    expect(await output([process.execPath, file], encrypted)).toEqual({ out: "[0,[[2,4],[2,4]],1]", code: 0 })
  })

  test("ends at once where it is told to, with models open", async () => {
    const file = program("exits", `${before}\n${say}\nprocess.exit(3)`)
    expect(await output([process.execPath, file], plain)).toEqual({ out: "[0,[[2,4],[2,4]],0]", code: 3 })
    expect(await output([process.execPath, file], encrypted)).toEqual({ out: "[0,[[2,4],[2,4]],1]", code: 3 })
  })
})

describe.if(isLinux)("a binary of its own", () => {
  test("carries worker and libzmq, and works in an empty folder", async () => {
    const file = program("carried", `${before}\n${say}\n${close}`)
    const work = join(folder, "work")
    mkdirSync(work)
    const { workers } = await compile({ root, entry: file }, join(folder, "carried"), work)
    expect(workers.toSorted()).toEqual(["src/models/zmq/large-worker.ts", "src/models/zmq/worker.ts"])
    expect(await output([join(folder, "carried")], encrypted)).toEqual({ out: "[0,[[2,4],[2,4]],1]", code: 0 })
    expect(await output([join(folder, "carried")], plain)).toEqual({ out: "[0,[[2,4],[2,4]],0]", code: 0 })
  }, 60_000)
})
