import { afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stage } from "../../../../src/runtime/cli/build/stage.ts"

let folder: string
const write = (path: string, text: string): void => {
  mkdirSync(join(folder, path, ".."), { recursive: true })
  writeFileSync(join(folder, path), text)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perigee-test-"))
  write("bots/one/bot.ts", "")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const staged = (files: string[]): string => stage("b", join(folder, "bots/one/bot.ts"), files, join(folder, "out"))

test("a model is found by the same relative path as from the bot file, also above it", () => {
  write("bots/one/models/m.onnx", "beside")
  write("shared/m.onnx", "above")
  const base = join(folder, "out", staged(["models/m.onnx", "../../shared/m.onnx"]))
  expect(readFileSync(join(base, "models/m.onnx"), "utf8")).toBe("beside")
  expect(readFileSync(join(base, "../../shared/m.onnx"), "utf8")).toBe("above")
  expect(join(base, "../../shared/m.onnx")).toStartWith(join(folder, "out", "files"))
})

test("a model config brings the model it names", () => {
  write("bots/one/models/m.json", JSON.stringify({ model_path: "../weights/m.onnx" }))
  write("bots/one/weights/m.onnx", "weights")
  const base = join(folder, "out", staged(["models/m.json"]))
  expect(existsSync(join(base, "models/m.json"))).toBe(true)
  expect(readFileSync(join(base, "weights/m.onnx"), "utf8")).toBe("weights")
})

test("every missing or absolute model is named at once and nothing is laid out", () => {
  write("bots/one/models/lost.json", JSON.stringify({ model_path: "lost.onnx" }))
  expect(() => staged(["none.onnx", "/abs/m.onnx", "models/lost.json"])).toThrow(
    expect.objectContaining({
      mistakes: [
        `model file none.onnx: there is no ${join(folder, "bots/one/none.onnx")}`,
        "model file /abs/m.onnx: an absolute path means nothing inside a binary; name it relative to the bot file",
        `model file models/lost.onnx: there is no ${join(folder, "bots/one/models/lost.onnx")}`,
      ],
    }),
  )
  expect(existsSync(join(folder, "out"))).toBe(false)
})

test("a model config that is not JSON is refused by name", () => {
  write("bots/one/broken.json", "{")
  expect(() => staged(["broken.json"])).toThrow(/model config .*broken\.json is not JSON/)
})
