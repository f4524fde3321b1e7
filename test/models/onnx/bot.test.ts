import { afterAll, beforeAll, expect, test } from "bun:test"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { distance, fixture, realCases } from "./fixtures.ts"

const root = resolve(import.meta.dir, "../../..")
let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "perigee-onnx-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function output(words: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...words], { cwd, env: { TMPDIR: tmpdir() }, stdout: "pipe", stderr: "pipe" })
  const [out, err, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (status !== 0) throw new Error(`it ended with ${status}: ${err}`)
  return out
}

// Label first, then probabilities; missing values: what a LightGBM classifier gives and takes.
const one = realCases.find(({ file, shape, outputIndex }) => file === "trees" && shape[0] === 2 && outputIndex === 1)!

test("a bot's own executable answers from a LightGBM classifier's probabilities, both places alike, in an empty folder", async () => {
  copyFileSync(fixture("trees.onnx"), join(folder, "trees.onnx"))
  const config = { model_path: "trees.onnx", output_index: 1 }
  writeFileSync(join(folder, "direction.json"), JSON.stringify(config))
  const data = JSON.stringify([...one.data]).replaceAll("null", "Number.NaN")
  writeFileSync(
    join(folder, "direction.ts"),
    `import { bot, onnx, schedule } from "perigee"
    const tick = schedule({ everyMs: 50 })
    const models = [onnx("direction.json"), onnx("direction.json", { inline: true })] as const
    let asked = false
    export default bot({ name: "direction" }).task(tick).task(models[0]).task(models[1]).strategy({
      onSchedule(_, ctx) {
        if (asked) return
        asked = true
        for (const model of models)
          ctx.predict(model, { timestamp: ctx.now(), data: Float32Array.of(...${data}), shape: [2, 3], metadata: {} })
      },
      onPreds({ data }, ctx) { ctx.log.warn("answered", { values: [...data.data].join(" "), name: data.metadata["model_name"] ?? "" }) },
    })`,
  )
  await output([process.execPath, join(root, "src/main.ts"), "build", "direction.ts", "-o", "direction"], folder)
  const empty = join(folder, "empty")
  mkdirSync(empty)
  const words = [join(folder, "direction"), "--live", "--http-port", "0", "--seconds", "3", "--json", "--log", "warn"]
  const lines = (await output(words, empty))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>)
  const answers = lines.filter((line) => line["values"] !== undefined)
  expect(answers).toHaveLength(2)
  for (const { values = "", name } of answers) {
    expect(distance(values.split(" ").map(Number), one.answer)).toBeLessThanOrEqual(1e-5)
    expect(name).toBe("direction")
  }
}, 90_000)
