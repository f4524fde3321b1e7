import { afterEach, describe, expect, test } from "bun:test"
import { resolve } from "node:path"
import { cleanUp, connected, root, service, tensor } from "./fixtures.ts"

afterEach(cleanUp)

// What `scripts/python-env.sh --examples FOLDER` prints; gigabytes, so only where someone made it.
const interpreter = process.env.PERIGEE_PYTHON_EXAMPLES

const rows = tensor(
  Array.from({ length: 32 }, (_, index) => index / 16 - 1),
  [2, 16],
  { id: "7" },
)

describe.skipIf(interpreter === undefined)("the example with the real library", () => {
  test.each([
    ["torch", [2, 3]],
    ["lightgbm", [2, 3]],
    ["sklearn", [2]],
  ] as const)(
    "%s answers both modes alike",
    async (name, shape) => {
      const { line } = await service([resolve(root, `python/examples/${name}_model.py`), "0"], {}, interpreter)
      const endpoint = line.split(" ").at(-1)!
      const asked = await connected(endpoint)
      const numbered = await connected(endpoint, { mode: "dealer" })
      const answer = await asked.predict(rows, 20_000)
      expect(answer.shape).toEqual([...shape])
      expect(answer.metadata.id).toBe("7")
      expect(await numbered.predict(rows, 20_000)).toEqual(answer)
      if (shape.length === 1) return
      for (const start of [0, 3])
        expect(answer.data.slice(start, start + 3).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5)
    },
    60_000,
  )
})
