import { afterEach, describe, expect, test } from "bun:test"
import { resolve } from "node:path"
import { cleanUp, connected, root, service, tensor } from "./fixtures.ts"

afterEach(cleanUp)

const rows = tensor(
  Array.from({ length: 32 }, (_, index) => index / 16 - 1),
  [2, 16],
  { id: "7" },
)

/** An interpreter that has the libraries: the given one, or one made here. Where neither can be had, why. */
async function libraries(): Promise<{ readonly python: string; readonly why?: undefined } | { readonly why: string }> {
  const given = process.env["PERIGEE_PYTHON_EXAMPLES"]
  if (given !== undefined) return { python: given }
  const script = Bun.spawn([resolve(root, "scripts/python-env.sh"), "--examples"], { stdout: "pipe", stderr: "pipe" })
  const [out, err] = await Promise.all([script.stdout.text(), script.stderr.text()])
  if ((await script.exited) === 0) return { python: out.trim() }
  return { why: err.trim().split("\n").at(-1) ?? "python-env.sh failed" }
}

const made = await libraries()
const hasTorch =
  made.why === undefined && Bun.spawnSync([made.python, "-c", "import torch"], { stderr: "ignore" }).exitCode === 0

async function answersAlike(name: string, shape: readonly number[]): Promise<void> {
  if (made.why !== undefined) throw new Error(made.why)
  const { line } = await service([resolve(root, `python/examples/${name}_model.py`), "0"], {}, made.python)
  const endpoint = line.split(" ").at(-1)!
  const asked = await connected(endpoint)
  const numbered = await connected(endpoint, { mode: "dealer" })
  const answer = await asked.predict(rows, 20_000)
  expect(answer.shape).toEqual([...shape])
  expect(answer.metadata["id"]).toBe("7")
  expect(await numbered.predict(rows, 20_000)).toEqual(answer)
  if (shape.length === 1) return
  for (const start of [0, 3])
    expect(answer.data.slice(start, start + 3).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5)
}

describe("the example with the real library", () => {
  test.skipIf(made.why !== undefined).each([
    ["lightgbm", [2, 3]],
    ["sklearn", [2]],
  ] as const)(`%s answers both modes alike${made.why === undefined ? "" : ` (${made.why})`}`, answersAlike, 60_000)

  // PyTorch and all it brings is 7 GB: only where someone made it.
  const remedy = "scripts/python-env.sh --torch FOLDER prints a PERIGEE_PYTHON_EXAMPLES that has it"
  const name = `torch answers both modes alike${hasTorch ? "" : ` (${remedy})`}`
  test.skipIf(!hasTorch)(name, () => answersAlike("torch", [2, 3]), 60_000)
})
