import { describe, expect, test } from "bun:test"
import * as library from "../../../src/index.ts"
import { UsageError } from "../../../src/runtime/domain/errors.ts"
import { mistakes } from "./mistakes.ts"

// A bot file runs without being type-checked: here nothing has a type.
type Call = (...words: readonly unknown[]) => Answer
interface Answer {
  readonly task: Call
  readonly tasks: Call
  readonly strategy: Call
  readonly strategies: Call
}
/** What building it is refused for. */
const refusals = (declared: Answer): readonly string[] => mistakes(declared as never)
const { bot, trades, lob, candles, onnx, zmq, schedule } = library as unknown as Record<
  "bot" | "trades" | "lob" | "candles" | "onnx" | "zmq" | "schedule",
  Call
>
const tape = trades("binance-um", ["BTC_USDT_PERP"])
const all = { onTrade() {}, onLob() {}, onCandle() {}, onPreds() {}, onWsEvent() {}, onSchedule() {} }
class Momentum {
  onTrade(): void {}
}

const HANDLE = "what trades(…), orders(…), onnx(…) and the like give"
const STRATEGY = "write an object with callbacks: { onTrade() {} }, or an instance of a class"

test.each<readonly [what: string, declare: () => unknown, message: string]>([
  ["no options of a bot", () => bot(), 'bot: options is undefined; write { name: "my-bot" }'],
  ["no task", () => bot({ name: "a" }).task(undefined), `task: handle is undefined; write ${HANDLE}`],
  ["an object that is no task", () => bot({ name: "a" }).task({}), `task: handle is an object; write ${HANDLE}`],
  ["tasks one by one", () => bot({ name: "a" }).tasks(tape), `tasks: handles is an object; write a list of ${HANDLE}`],
  ["a hole among tasks", () => bot({ name: "a" }).tasks([tape, null]), `tasks: handle 2 is null; write ${HANDLE}`],
  ["no strategy", () => bot({ name: "a" }).strategy(undefined), `strategy: strategy is undefined; ${STRATEGY}`],
  [
    "a class",
    () => bot({ name: "a" }).strategy(Momentum),
    "strategy: Momentum is a class or function; write new Momentum(…)",
  ],
  [
    "strategies one by one",
    () => bot({ name: "a" }).strategies(all),
    "strategies: strategies is an object; write a list of strategies",
  ],
  ["a hole among strategies", () => bot({ name: "a" }).strategies([null]), `strategies: strategy is null; ${STRATEGY}`],
  [
    "no options of a binding",
    () => bot({ name: "a" }).strategy(all, null),
    "strategy: options is null; write { on: [tape] }, or leave it out",
  ],
  [
    "a binding to a task without a list",
    () => bot({ name: "a" }).strategy(all, { on: tape }),
    "strategy: on is an object; write a list of tasks: { on: [tape] }",
  ],
  [
    "a binding to nothing",
    () => bot({ name: "a" }).strategy(all, { on: [tape, undefined] }),
    `strategy: on[1] is undefined; write ${HANDLE}, or a part of it`,
  ],
  [
    "a function that gives no options",
    () => refusals(bot({ name: "a" }).strategies([all], () => undefined)),
    "strategy: options is undefined; write { on: [tape] }, or leave it out",
  ],
  ["no rhythm", () => schedule(), "schedule: options is undefined; write { everyMs: 1_000 }"],
  ["no form", () => lob("okx", ["BTC_USDT"]), 'lob: options is undefined; write { form: "snapshot" }'],
])("%s is refused where it is declared", (_, declare, message) => {
  expect(declare).toThrow(new UsageError(message))
})

describe("build refuses, by its name and with what to write,", () => {
  const insts = ["BTC_USDT_PERP"]
  const um = (what: string) => `task feed binance-um ${what} #1:`
  test.each<readonly [what: string, task: unknown, mistake: string]>([
    [
      "one instrument without a list",
      trades("binance-um", "BTC_USDT_PERP"),
      `${um("trades")} its instruments are a string; write a list: ["BTC_USDT_PERP"]`,
    ],
    [
      "no instruments",
      trades("binance-um", undefined),
      `${um("trades")} its instruments are undefined; write a list: ["BTC_USDT_PERP"]`,
    ],
    [
      'the text "false"',
      trades("binance-um", insts, { manual: "false" }),
      `${um("trades")} manual is "false"; write true or false`,
    ],
    ["a number", trades("binance-um", insts, { each: 1 }), `${um("trades")} each is a number; write true or false`],
    [
      "an unknown form",
      lob("binance-um", insts, { form: "snapshop" }),
      `${um("lob")} form is "snapshop"; write bbo, snapshot, incremental`,
    ],
    [
      "an unknown interval",
      candles("binance-um", insts, "2m"),
      `${um("candles")} interval is "2m"; write 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w, 1M`,
    ],
    [
      "no path",
      onnx(undefined),
      "task predict onnx undefined #1: its source is undefined; write the path of a .onnx file",
    ],
    [
      "no endpoint",
      zmq({}),
      "task predict zmq [object Object] #1: its source is an object; write the endpoint, tcp://host:port, or a port",
    ],
    [
      "an unknown way out",
      onnx("m.onnx", { whenFull: "drop" }),
      'task predict onnx m.onnx #1: whenFull is "drop"; write refuse, newest',
    ],
    [
      "a text for a flag",
      onnx("m.onnx", { inline: "yes" }),
      'task predict onnx m.onnx #1: inline is "yes"; write true or false',
    ],
    [
      "a number for encryption",
      zmq(5555, { curve: 1 }),
      "task predict zmq tcp://127.0.0.1:5555 #1: curve is a number; write true or false",
    ],
    [
      "a rhythm of ages",
      schedule({ everyMs: 1e300 }),
      "task schedule #1: everyMs is 1e+300; write a number of milliseconds from 1",
    ],
  ])("%s", (_, task, mistake) => {
    expect(refusals(bot({ name: "a" }).task(task).strategy(all))).toEqual([mistake])
  })

  test("what a strategy has under the name of a call, and its state", () => {
    const broken = bot({ name: "a" }).strategy({ start: 5, stop: "x", name: "s" }, { state: null })
    const other = broken.strategy({ name: "t" }, { state: { version: 2, migrate: {} } })
    expect(refusals(other)).toEqual([
      "strategy s: start is not a function",
      "strategy s: stop is not a function",
      "strategy s: state is null; write { version: 1 }",
      "strategy t: state.migrate is an object; write a function",
    ])
  })
})
