import { describe, expect, test } from "bun:test"
import { bot, intents, onnx, relay, trades } from "../../../src/index.ts"
import { build } from "../../../src/runtime/engine/build.ts"
import { ALL, mistakes } from "./mistakes.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const nop = { onTrade() {} }

describe("build", () => {
  test("binds a strategy to the parts it names, by the numbers of their ids", () => {
    const three = trades("okx", ["BTC_USDT"], { chunk: 3, taskBaseId: 10 })
    const models = onnx("m.onnx", { chunk: 2, id: "scorer" })
    const plan = build(
      bot({ name: "a" })
        .tasks([tape, three, models])
        .strategy(nop, { on: [three.part(12)] })
        .strategy(nop, { on: [tape, three.part(10), three.part(10), three] })
        .strategy({ onPreds() {} }, { on: [models.part(2)] })
        .strategy(nop, { on: [tape.part(1)] }),
      ALL,
    )
    const idsOf = plan.strategies.map(({ tasks }) => tasks.map((at) => plan.tasks[at]?.id))
    expect(idsOf).toEqual([["12"], ["1", "10", "11", "12"], ["scorer-2"], ["1"]])
  })

  test("names parts that do not exist, and a part that is declared by itself", () => {
    const three = trades("okx", ["BTC_USDT"], { chunk: 3, taskBaseId: 10 })
    const none = intents({ chunk: 0 })
    const some: { chunk: number } = { chunk: 2 }
    const two = relay(some)
    const lost = trades("okx", ["BTC_USDT"], { chunk: 2 })
    const declared = bot({ name: "a" })
      .tasks([three, none, two, onnx("m.onnx", { chunk: 3 }).part(2) as never])
      .strategy(nop, { on: [three.part(13 as 12)] })
      .strategy(nop, { on: [three.part(9 as 10), three.part(10.5 as 10), lost.part(2)] as never, name: "b" })
      .strategy({ onOrderExecution() {}, onInstIntent() {} }, { on: [none.part(1 as never), two.part(3)], name: "c" })
    expect(mistakes(declared)).toEqual([
      "task predict onnx m.onnx #?: a part is declared with its whole; name it in a binding",
      "strategy strategy-1: is bound to a part that does not exist: task feed okx trades #? has parts 10 to 12; there is no part 13",
      "strategy b: is bound to a part that does not exist: task feed okx trades #? has parts 10 to 12; there is no part 9",
      "strategy b: is bound to a part that does not exist: task feed okx trades #? has parts 10 to 12; there is no part 10.5",
      "strategy b: is bound to an unregistered task, feed okx trades #?",
      "strategy c: is bound to a part that does not exist: task intents #? has no parts; there is no part 1",
      "strategy c: is bound to a part that does not exist: task relay #? has parts 1 to 2; there is no part 3",
    ])
  })

  test("tells one mistake once: what is bound to a task that is declared wrongly is not wrong for that", () => {
    const wrong = trades("okx", ["BTC_USDT"], { chunk: 2, taskBaseId: -1 })
    const declared = bot({ name: "a" })
      .task(wrong)
      .strategy(nop, { on: [wrong] })
      .strategy(nop, { on: [wrong.part(1)] })
    expect(mistakes(declared)).toEqual(["task feed okx trades #?: taskBaseId is -1; write a whole number from 0"])
  })

  test("gives each strategy of a group its own tasks and options, where they are a function", () => {
    class Reader {
      readonly place: number
      constructor(place: number) {
        this.place = place
      }
      onTrade(): void {}
    }
    const tapes = trades("okx", ["BTC_USDT", "ETH_USDT"], { chunk: 3 })
    const plan = build(
      bot({ name: "a" })
        .task(tapes)
        .strategies([new Reader(3), new Reader(1)], ({ place }, at) => ({
          on: [tapes.part(place as 1)],
          name: `reader-${at}`,
        }))
        .strategies([new Reader(2)], ({ place }) => ({ on: [tapes.part(place as 1)] })),
      ALL,
    )
    expect(plan.strategies.map(({ name, tasks }) => [name, tasks])).toEqual([
      ["reader-0", [2]],
      ["reader-1", [0]],
      ["Reader-1", [1]],
    ])
  })
})
