// A bot whose model is a service, over a tape: what answered once answers again.
import { afterAll, expect, test } from "bun:test"
import { join } from "node:path"
import type { Peer } from "../../src/models/zmq/index.ts"
import { openTape } from "../../src/world/tape.ts"
import { replay } from "../../src/world/replay.ts"
import { SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { book, bot, trades } from "../../src/index.ts"
import type { Bot } from "../../src/world.ts"
import { folder, root, run } from "./program.ts"
import { openRig } from "./rig.ts"
import { until } from "./until.ts"

const home = folder()
afterAll(() => home.remove())
const file = (name: string): string => join(home.path, name)
const source = join(root, "test", "world", "bots", "asks.ts")

test("a service's answers are written down by one replay, and stand for it in the next", async () => {
  const heard: string[] = []
  const [diffs, prints] = [book("binance-um", ["BTC_USDT_PERP"]), trades("binance-um", ["BTC_USDT_PERP"])]
  const listening = bot({ name: "listening" })
    .tasks([diffs, prints])
    .strategy({ onTrade: ({ data }) => void heard.push(data.tradeId), onLob() {} })
  const tape = await openTape(file("market.tape"))
  const rig = await openRig({ bot: listening, simulator: { rate: 400 }, world: { tape, credentials: SIM_ACCOUNT } })
  await until("two hundred trades", () => heard.length > 200)
  await rig.close()
  await tape.close()

  const { default: asks } = (await import(source)) as { default: Bot }
  const service: Peer = ({ timestamp, data }) => {
    const [price = 0] = data
    return { timestamp, data: Float32Array.of(Math.round(price * 10) % 2 === 0 ? 1 : -1), shape: [1], metadata: {} }
  }
  const modelTape = await openTape(file("model.tape"))
  const first = await replay({
    bot: asks,
    file: file("market.tape"),
    seed: 1,
    set: {},
    latencyMs: 10,
    services: { "tcp://127.0.0.1:5599": service },
    modelTape,
  })
  await modelTape.close()
  expect(first.stats.predictions).toBeGreaterThan(20)
  expect(first.stats.fills).toBeGreaterThan(2)

  const words = ["replay", source, "--tape", file("market.tape"), "--json"]
  const again = await run([...words, "--replies", file("model.tape")])
  expect([again.status, again.err]).toEqual([0, ""])
  expect(JSON.parse(again.out)).toMatchObject({ ...first.stats, readyMs: first.readyMs, seconds: first.seconds })

  const without = await run(words)
  expect([without.status, without.err]).toEqual([
    2,
    "perigee replay: model tcp://127.0.0.1:5599 is a service, which a replay has not: give what it answered with --replies; perigee run bot.ts --record-model FILE writes that\n",
  ])
  const wrong = await run([...words, "--replies", file("market.tape")])
  expect([wrong.status, wrong.err]).toEqual([
    2,
    `perigee replay: ${file("market.tape")} holds no replies to model 1; --record-model writes such a file\n`,
  ])
}, 60_000)
