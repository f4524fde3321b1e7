// `perigee demo --model zmq` as its users run it: the bot, its exchange and its model's Python service, each a process.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { interpreter } from "../models/zmq/fixtures.ts"
import { folder, run, start } from "./program.ts"
import { until } from "./until.ts"

const home = folder()
const file = (name: string): string => join(home.path, name)
let env: Record<string, string>
beforeAll(async () => {
  env = { PERIGEE_PYTHON: await interpreter() }
}, 120_000)
afterAll(() => home.remove())

/** Processes below this one whose command line holds this text. */
function below(pid: number, text: string): number[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
  return all.map(Number).filter((each) => {
    try {
      const isChild = new RegExp(`^PPid:\\t${pid}$`, "m").test(readFileSync(`/proc/${each}/status`, "utf8"))
      return isChild && readFileSync(`/proc/${each}/cmdline`, "utf8").includes(text)
    } catch {
      return false
    }
  })
}

const isAlive = (pid: number): boolean => {
  try {
    // A process that has ended and was not waited for is still listed.
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

const isLinux = process.platform === "linux"

describe("the demo with its model in Python", () => {
  test("trades on what the service predicts, whatever keys the environment holds, and leaves no files behind", async () => {
    const key = "x".repeat(40)
    const keys = { PERIGEE_ZMQ_SERVER_KEY: key, PERIGEE_ZMQ_SERVER_SECRET_KEY: key, TMPDIR: file("temporary") }
    mkdirSync(file("temporary"))
    const words = ["demo", "--model", "zmq", "--seconds", "9", "--rate", "500", "--json"]
    const { status, out, err } = await run(words, { env: { ...env, ...keys }, cwd: home.path })
    expect({ status, err }).toEqual({ status: 0, err: "" })
    const summary = JSON.parse(out) as Record<string, number>
    expect(summary).toMatchObject({ bookGaps: 0, unknownOrders: 0, predictionFailures: 0 })
    expect(summary["predictions"]).toBeGreaterThan(10)
    expect(summary["orders"]).toBeGreaterThan(0)
    expect(readdirSync(file("temporary"))).toEqual([])
  }, 60_000)

  test.if(isLinux)(
    "takes the service with it, however it ends",
    async () => {
      for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        const demo = start(["demo", "--model", "zmq"], { env, cwd: home.path, isLeader: true })
        await until("the demo runs", () => /events [1-9]\d*/.test(demo.out()) || demo.isOver())
        const [service] = below(demo.pid, "perigee-service")
        expect(service).toBeNumber()
        demo.signal(signal)
        await until("the service is gone", () => !isAlive(service!))
        await demo.ended
      }
    },
    60_000,
  )

  test.if(isLinux)(
    "goes on when the service is killed, with errors and not ready",
    async () => {
      const demo = start(["demo", "--model", "zmq", "--db", file("killed.db")], { env, cwd: home.path })
      await until("the demo runs", () => /events [1-9]\d*/.test(demo.out()) || demo.isOver())
      const [service] = below(demo.pid, "perigee-service")
      const { host, port } = JSON.parse(readFileSync(file("killed.db.endpoint.json"), "utf8")) as Record<string, string>
      const ready = async () => (await fetch(`http://${host}:${port}/ready`)).text()
      process.kill(service!, "SIGKILL")
      await until("it says so", async () => (await ready()).includes("the service is not connected"))
      const before = /events (\d+)/g
      const events = () => Number([...demo.out().matchAll(before)].at(-1)?.[1])
      const seen = events()
      await until("it goes on", () => events() > seen)
      demo.signal("SIGTERM")
      expect(await demo.ended).toBe(0)
    },
    60_000,
  )
})

describe("where there is no service to be had, the demo says in one line", () => {
  const program = (name: string, text: string): string => {
    writeFileSync(file(name), `#!/bin/sh\n${text}\n`)
    chmodSync(file(name), 0o755)
    return file(name)
  }
  const ask = (python: string) =>
    run(["demo", "--model", "zmq", "--seconds", "1"], { env: { PERIGEE_PYTHON: python }, cwd: home.path })

  test.each([
    [
      "that there is no Python",
      () => file("nothing"),
      "there is no .*/nothing: install Python 3.9 or later with pyzmq, msgpack and numpy",
    ],
    [
      "what to install",
      () => program("bare", "echo missing pyzmq numpy"),
      "has no pyzmq, no numpy: run .*/bare -m pip install pyzmq numpy",
    ],
    [
      "that it is too old",
      () => program("old", "echo old 3.8"),
      "/old is 3.8: install Python 3.9 or later with pyzmq, msgpack and numpy",
    ],
  ])("%s", async (_, python, why) => {
    const { status, out, err } = await ask(python())
    expect([status, out]).toEqual([2, ""])
    expect(err).toMatch(
      new RegExp(
        `^perigee demo: --model zmq starts a service in Python, and [^\\n]*${why}, or set PERIGEE_PYTHON to an interpreter\\n$`,
      ),
    )
  })

  test("and a real Python without these packages is told from one with them", async () => {
    const isolated = program("isolated", `exec "${env["PERIGEE_PYTHON"]}" -S "$@"`)
    const { status, err } = await ask(isolated)
    expect([status, err]).toEqual([2, expect.stringContaining("has no pyzmq, no msgpack, no numpy: run")])
  })
})

test("words that do not belong together are refused", async () => {
  const said = async (...words: string[]) => {
    const { status, err } = await run(["demo", ...words], { cwd: home.path })
    return [status, err]
  }
  expect(await said("--model", "torch")).toEqual([2, "perigee demo: --model torch: expected onnx or zmq\n"])
  expect(await said("--replies", "x")).toEqual([2, "perigee demo: --model onnx takes no --replies\n"])
  expect(await said("--model", "zmq", "--replies", "x")).toEqual([
    2,
    "perigee demo: a run in real time takes no --replies\n",
  ])
}, 20_000)

describe("on the virtual clock", () => {
  const fixed = ["demo", "--virtual", "--model", "zmq", "--json", "--seed", "7", "--seconds", "15"]
  const zmq = (words: readonly string[], more = env) => run([...fixed, ...words], { env: more, cwd: home.path })
  const summaryOf = ({ out }: { out: string }) => JSON.parse(out) as Record<string, unknown>

  test("it is asked standing still, and what it answered can be played again without it, to the same trace", async () => {
    const live = await zmq(["--trace", file("trace"), "--record-model", file("replies")])
    expect(live).toMatchObject({ status: 0, err: "" })
    const { peakRssMb: _, rssMb: __, ...summary } = summaryOf(live)
    expect(summary).toMatchObject({ predictionFailures: 0, unknownOrders: 0 })
    expect(summary["predictions"]).toBeGreaterThan(30)
    expect(summary["orders"]).toBeGreaterThan(0)

    const [without, replies] = [{ PERIGEE_PYTHON: file("nothing") }, ["--replies", file("replies")]]
    const again = await zmq([...replies, "--same-as", file("trace")], without)
    expect(again).toMatchObject({ status: 0, err: "" })
    expect(summaryOf(again)).toMatchObject(summary)

    // Another market asks otherwise: that fails by name, and the run goes on to its end.
    const other = await zmq(["--seed", "8", ...replies], without)
    expect(other.status).toBe(0)
    const { predictions, predictionFailures } = summaryOf(other)
    expect(predictions).toBe(0)
    expect(predictionFailures).toBeGreaterThan(30)
  }, 60_000)

  test("a file without replies is refused", async () => {
    writeFileSync(file("empty"), "")
    const { status, err } = await zmq(["--replies", file("empty")])
    expect([status, err]).toEqual([
      2,
      `perigee demo: ${file("empty")} holds no replies to model 1; --record-model writes such a file\n`,
    ])
  })
})
