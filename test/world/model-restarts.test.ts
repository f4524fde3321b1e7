// A model service that is killed and started again under a bot that goes on asking: no request is lost, none gets another's answer.
import { afterEach, beforeAll, describe, expect, test } from "bun:test"
import { resolve } from "node:path"
import { zmq } from "perigee"
import { cleanUp, freePort, interpreter, kit, service } from "../models/zmq/fixtures.ts"
import { type Asking, asking, request } from "./asker.ts"
import { root } from "./program.ts"
import { until } from "./until.ts"

let open: Asking | undefined
beforeAll(() => interpreter(), 120_000)
afterEach(async () => {
  await open?.close()
  open = undefined
  await cleanUp()
})

const LIVES = 20

describe("a service killed and started again twenty times", () => {
  test.each(["req", "dealer"] as const)(
    "leaves every request with an answer of its own or an error (%s)",
    async (mode) => {
      const port = freePort()
      open = await asking(zmq(port, { mode, deadlineMs: 300, queueMax: 4, whenFull: "newest" }))
      const { ask, heard, world } = open
      // Each life serves under a number of its own, and gives back the id it was asked with.
      const echo = (life: number) => `
def predict(x, metadata):
    time.sleep(0.002)
    return x, {"life": "${life}"}`
      const asked: string[] = []
      const outcomes: Promise<void>[] = []
      const state = { isOver: false }
      const asks = (async () => {
        while (!state.isOver) {
          const ids = Array.from({ length: 4 }, (_, index) => String(asked.length + index + 1))
          asked.push(...ids)
          outcomes.push(ask(...ids.map((id) => request(id, [Number(id)]))))
          await Bun.sleep(5)
        }
      })()
      for (let life = 0; life < LIVES; life++) {
        const before = heard.answers.length
        const { kill } = await kit(echo(life), `${port}, "router", threads=2`)
        await until(`life ${life} answers`, () => heard.answers.length > before + 2 * life)
        await kill()
      }
      state.isOver = true
      await asks
      await Promise.all(outcomes)
      await until("nothing is left open", () => heard.answers.length + heard.failures.length >= asked.length)
      expect(heard.answers.filter(([id, [value]]) => Number(id) !== value)).toEqual([])
      expect([...heard.answers, ...heard.failures].map(([id]) => Number(id)).toSorted((a, b) => a - b)).toEqual(
        asked.map(Number),
      )
      const { predictions, predictionFailures } = world.stats()
      expect([predictions, predictionFailures]).toEqual([heard.answers.length, heard.failures.length])
      expect(heard.failures.length).toBeGreaterThan(LIVES / 2)
    },
    90_000,
  )
})

test("a service written from the description of the wire alone, without the kit, answers a bot", async () => {
  const { line: port } = await service([resolve(root, "test/fixtures/msgpack/minimal_rep.py")])
  open = await asking(zmq(Number(port)))
  await open.ask(request("x", [1, -2.5, 3], [1, 3]))
  expect(open.heard).toMatchObject({ answers: [["x", [2, -5, 6]]], failures: [] })
})
