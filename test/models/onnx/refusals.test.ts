import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findModel, type ModelConfig } from "../../../src/models/onnx/config.ts"
import { openModel } from "../../../src/models/onnx/model.ts"
import { describe as said, ModelError } from "../../../src/runtime/domain/errors.ts"
import { cases, distance, fixture, modelOf } from "./fixtures.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "onnx-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What opening says, without the folders in it. */
async function refusal(source: string | Uint8Array, config: ModelConfig = {}): Promise<string> {
  try {
    ;(await openModel(source, config, "trimmed")).close()
    return "it opened"
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError)
    return said(error).replaceAll(/\/\S*\//g, "")
  }
}

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe("a model is refused with the file and the remedy", () => {
  test("when it is not there", async () => {
    expect(await refusal(join(folder, "none.onnx"))).toStartWith(
      "model none.onnx cannot be read: there is no such file; check the path, which is relative to the bot's file or to the config",
    )
  })

  test("when it is a folder", async () => {
    const path = join(folder, "folder.onnx")
    mkdirSync(path)
    expect(await refusal(path)).toStartWith(
      "model folder.onnx cannot be read: it is a folder; name the .onnx file in it",
    )
  })

  test.each([0.2, 0.5, 0.9])("when only %d of it arrived", async (part) => {
    const whole = readFileSync(modelOf("mlp"))
    const path = written("half.onnx", whole.subarray(0, Math.floor(whole.length * part)))
    expect(await refusal(path)).toMatch(
      /^model half\.onnx: the runtime refused the model: .+ \(the file is not a whole ONNX model; export or copy it again\)$/s,
    )
  })

  test("when it is something else altogether", async () => {
    const html = written("page.onnx", "<html>404 Not Found</html>")
    expect(await refusal(html)).toEndWith("(the file is not a whole ONNX model; export or copy it again)")
  })

  test("when the runtime lacks an operator", async () => {
    const text = await refusal(fixture("unknown-operator.onnx"))
    expect(text).toContain("FortuneTeller")
    expect(text).toEndWith("(the runtime lacks this operator; export with standard operators and opset 21 or older)")
  })

  test("when its weights lie in another file", async () => {
    expect(await refusal(fixture("external.onnx"))).toEndWith("(save the model with its weights inside one file)")
  })

  test("when no output can become float32", async () => {
    expect(await refusal(fixture("text.onnx"))).toBe(
      "model text.onnx: no output can become float32: y is string; export it with tensors (scikit-learn: zipmap=False)",
    )
    expect(await refusal(fixture("zipmap.onnx"))).toBe(
      "model zipmap.onnx: no output can become float32: maps is a sequence, map or optional, not a tensor; export it with tensors (scikit-learn: zipmap=False)",
    )
  })

  test("when output_index is out of range or of another kind", async () => {
    expect(await refusal(modelOf("trees"), { outputIndex: 2 })).toBe(
      "model trees.onnx: output_index 2 is out of range; its outputs are 0 label, 1 probabilities",
    )
    expect(await refusal(fixture("zipmap-label.onnx"), { outputIndex: 0 })).toBe(
      "model zipmap-label.onnx: output_index 0 (maps) is a sequence, map or optional, not a tensor; choose another of 0 maps, 1 label",
    )
  })

  test("when an input wants another type and no cast is configured", async () => {
    expect(await refusal(fixture("lookup.onnx"))).toBe(
      'model lookup.onnx: input index wants i64, not float32; say "inputs": [{ "name": "index", "cast": "i64" }] in its config',
    )
  })

  test("when several inputs are not all configured, or a stranger is", async () => {
    expect(await refusal(modelOf("mlp"), { inputs: [{ name: "z" }] })).toBe(
      "model mlp.onnx: input x is not among the configured inputs; add it",
    )
    expect(await refusal(modelOf("mlp"), { inputs: [{ name: "x" }, { name: "z" }] })).toBe(
      "model mlp.onnx: it has no input z; its inputs are x",
    )
    const { inputs = [] } = cases.find(({ file }) => file === "inputs")!.config
    const shapeless = inputs.map(({ name, cast = "f32" }) => ({ name, cast }))
    expect(await refusal(modelOf("inputs"), { inputs: shapeless })).toContain("it has 4 inputs; give each a shape")
  })
})

describe("the output taken by default", () => {
  test("is the first that is f32 or f64, else the first that can become float32", async () => {
    const chosen = async (file: string) => {
      const model = await openModel(fixture(file), {}, "trimmed")
      model.close()
      return [model.facts.outputIndex, model.facts.outputType, model.facts.outputs.length]
    }
    expect(await chosen("trees.onnx")).toEqual([1, "f32", 2])
    expect(await chosen("types.onnx")).toEqual([12, "f64", 14])
    expect(await chosen("zipmap-label.onnx")).toEqual([1, "i64", 2])
    expect(await chosen("float16.onnx")).toEqual([0, "f16", 1])
  })
})

describe("a request is refused", () => {
  const failure = (run: () => unknown): string => {
    try {
      run()
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError)
      return said(error)
    }
    return "it was computed"
  }

  test("when its shape is not the model's", async () => {
    const model = await openModel(modelOf("mlp"), {}, "trimmed")
    const asked = (shape: readonly number[]) =>
      failure(() => model.run(new Float32Array(shape.reduce((product, size) => product * size, 1)), shape))
    expect(asked([6])).toBe("input x wants shape [batch, 6], got [6]; nothing is reshaped for you")
    expect(asked([1, 7])).toBe("input x wants shape [batch, 6], got [1, 7]; nothing is reshaped for you")
    expect(asked([1, 1, 6])).toBe("input x wants shape [batch, 6], got [1, 1, 6]; nothing is reshaped for you")
    model.close()
  })

  test("when a value cannot become what the input wants", async () => {
    const model = await openModel(fixture("lookup.onnx"), { inputs: [{ name: "index", cast: "int64" }] }, "trimmed")
    expect(failure(() => model.run(Float32Array.of(1, 1.5), [2]))).toBe(
      "value 1.5 at 1 cannot become i64: round or clip it first",
    )
    expect(failure(() => model.run(Float32Array.of(Number.NaN, 1), [2]))).toStartWith(
      "value NaN at 0 cannot become i64",
    )
    // What the model itself refuses: an index outside of its table.
    expect(failure(() => model.run(Float32Array.of(1, 99), [2]))).toContain("indices element out of data bounds")
    expect([...model.run(Float32Array.of(3, 1), [2]).shape]).toEqual([2, 3])
    model.close()
  })

  test("when several inputs do not add up", async () => {
    const several = cases.find(({ file }) => file === "inputs")!
    const model = await openModel(modelOf("inputs"), several.config, "trimmed")
    expect(failure(() => model.run(several.data.subarray(1), [9]))).toBe(
      "the inputs want 10 values one after the other (side [1], price [1, 3], volume [1, 3], open [1, 3]), the request holds 9",
    )
    model.close()
  })

  test("when it holds NaN and the config refuses it, and passes where it does not", async () => {
    const missing = cases.find(({ file, data }) => file === "trees" && data.some(Number.isNaN))!
    const strict = await openModel(modelOf("trees"), { ...missing.config, nan: "refuse" }, "trimmed")
    expect(failure(() => strict.run(missing.data, missing.shape))).toBe(
      "the request holds NaN at 1, which this model's config refuses",
    )
    strict.close()
    const log = await openModel(modelOf("mlp"), { nan: "refuse" }, "trimmed")
    expect(
      failure(() =>
        log.run(
          Float32Array.from({ length: 6 }, () => Number.NaN),
          [1, 6],
        ),
      ),
    ).toContain("NaN at 0")
    log.close()
  })
})

describe("a config file", () => {
  const model = modelOf("mlp")

  test("names the model relative to its own folder, and the model's name is the config's", () => {
    written("near.onnx", readFileSync(model))
    const path = written("tuned.json", JSON.stringify({ model_path: "near.onnx", other_tools_key: 1 }))
    const found = findModel(path)
    expect({ ...found, bytes: found.bytes.length }).toEqual({
      file: join(folder, "near.onnx"),
      name: "tuned",
      bytes: readFileSync(model).length,
    })
  })

  test("sets name, output, inputs and the rule for NaN; what the bot says wins", () => {
    const inputs = [{ name: "x", shape: [1, 6], cast: "float32" }]
    const text = { model_path: model, model_name: "best", output_index: 0, inputs, nan: "refuse" }
    const { bytes: _, ...found } = findModel(written("all.json", JSON.stringify(text)), { modelName: "mine" })
    expect(found).toEqual({
      file: model,
      name: "mine",
      modelName: "mine",
      outputIndex: 0,
      nan: "refuse",
      inputs: [{ name: "x", shape: [1, 6], cast: "f32" }],
    })
  })

  test("takes .onnx in any case for a model", () => {
    expect(findModel(written("LOUD.ONNX", readFileSync(model))).name).toBe("LOUD")
  })

  test.each([
    ["{", "is not JSON; a model itself must be named .onnx"],
    ["[]", 'must be a JSON object with "model_path"'],
    ["{}", '"model_path" must be the path of a .onnx file'],
    ['{"model_path":"a.onnx","model_name":1}', '"model_name" must be text'],
    ['{"model_path":"a.onnx","output_index":-1}', '"output_index" must be a whole number from 0'],
    ['{"model_path":"a.onnx","output_index":"1"}', '"output_index" must be a whole number from 0'],
    ['{"model_path":"a.onnx","nan":"maybe"}', '"nan" must be "allow" or "refuse"'],
    ['{"model_path":"a.onnx","inputs":{}}', '"inputs" must be a list of { name, shape, cast }'],
    ['{"model_path":"a.onnx","inputs":[{}]}', `"inputs[0].name" must be the name of one of the model's inputs`],
    [
      '{"model_path":"a.onnx","inputs":[{"name":"x","shape":[1,-1]}]}',
      '"inputs[0].shape" must be a list of whole numbers',
    ],
    [
      '{"model_path":"a.onnx","inputs":[{"name":"x","cast":"int63"}]}',
      '"inputs[0].cast" must be an element type such as int64',
    ],
  ])("with %p is refused by name", (text, reason) => {
    const path = written("wrong.json", text)
    expect(() => findModel(path)).toThrow(ModelError)
    expect(() => findModel(path)).toThrow(reason)
  })

  test("is answered with the model it names", async () => {
    const one = cases.find(({ file }) => file === "mlp")!
    const opened = await openModel(written("used.json", JSON.stringify({ model_path: model })), {}, "trimmed")
    expect(distance(opened.run(one.data, one.shape).data, one.answer)).toBeLessThanOrEqual(1e-5)
    expect(opened.facts.name).toBe("used")
    opened.close()
  })
})
