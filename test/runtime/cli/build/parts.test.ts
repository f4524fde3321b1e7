import { expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { marketNames } from "../../../../src/exchanges/index.ts"
import { modulesOf, partsOf, RUNNERS, VENUES } from "../../../../src/runtime/cli/build/parts.ts"
import type { TaskSpec } from "../../../../src/runtime/domain/task.ts"

const predict = { kind: "predict", deadlineMs: 100, queueMax: 1, whenFull: "refuse", isInline: false } as const
const tasks: TaskSpec[] = [
  { kind: "feed", id: "1", market: "okx", channel: { kind: "trades" }, insts: ["BTC_USDT_PERP"], isManual: false },
  { kind: "orders", id: "1", market: "binance-um" },
  { kind: "schedule", id: "1", everyMs: 1000 },
  { ...predict, id: "1", runner: "onnx", source: "models/b.onnx" },
  { ...predict, id: "2", runner: "onnx", source: "models/a.onnx" },
  { ...predict, id: "3", runner: "zmq", source: "tcp://127.0.0.1:5555" },
]

test("a declaration's parts are its markets, model kinds and model files, each once", () => {
  expect(partsOf([...tasks, ...tasks])).toEqual({
    markets: ["binance-um", "okx"],
    models: ["onnx", "zmq"],
    files: ["models/a.onnx", "models/b.onnx"],
  })
  expect(partsOf([])).toEqual({ markets: [], models: [], files: [] })
})

test("every market without an adapter and every model kind without a runner is refused by name", () => {
  const parts = { markets: ["binance-um", "none-such"], models: ["onnx", "abacus"], files: [] }
  expect(() => modulesOf("b", parts as never)).toThrow(
    expect.objectContaining({
      mistakes: [
        "there is no adapter for none-such in this version; there is binance-um",
        "there is no model runner for abacus in this version; there is onnx, zmq",
      ],
    }),
  )
})

test("every market the registry offers can go into a binary", () => {
  expect(Object.keys(VENUES).toSorted()).toEqual([...marketNames()].toSorted())
})

test("every part named for a binary is a module of the library that exports that name", () => {
  const root = resolve(import.meta.dir, "../../../..")
  const missing = [...Object.values(VENUES), ...Object.values(RUNNERS)].filter(({ file, name }) => {
    const path = join(root, file)
    return (
      !existsSync(path) ||
      !new RegExp(`export (?:async )?(?:const|function) ${name}\\b`).test(readFileSync(path, "utf8"))
    )
  })
  expect(missing).toEqual([])
})
