// Every mistake that must not compile, by itself: the compiler names its line once nobody tells it to expect an error there.
import { afterAll, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { files, read, root } from "../scan.ts"

const MARK = /^\s*\/\/ @ts-expect-error (.*)$/
const folder = mkdtempSync(join(tmpdir(), "perigee-types-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Mistake {
  readonly file: string
  /** Of the code that must not compile, from 1. */
  readonly line: number
  readonly why: string
}

const sources = files("test/types/*.ts").filter((path) => !path.endsWith(".test.ts"))
const mistakes = sources.flatMap((path): Mistake[] =>
  read(path)
    .split("\n")
    .flatMap((text, at) => {
      const why = MARK.exec(text)?.[1]
      return why === undefined ? [] : [{ file: path.slice(path.lastIndexOf("/") + 1), line: at + 2, why }]
    }),
)

/** Places of the compiler's errors in these sources, as `file:line`. */
async function errors(): Promise<Set<string>> {
  const settings = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
    include: ["*.ts", join(root, "src/**/*.d.ts")],
    exclude: [],
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings))
  for (const path of sources) {
    const text = read(path).replaceAll("../../src/", `${root}/src/`).replaceAll("// @ts-expect-error", "//")
    writeFileSync(join(folder, path.slice(path.lastIndexOf("/") + 1)), text)
  }
  const child = Bun.spawn([join(root, "node_modules/.bin/tsc"), "--project", folder, "--pretty", "false"], {
    cwd: folder,
    stdout: "pipe",
    stderr: "ignore",
  })
  const out = await new Response(child.stdout).text()
  await child.exited
  return new Set([...out.matchAll(/^(\w+\.ts)\((\d+),\d+\): error/gm)].map(([, file, line]) => `${file}:${line}`))
}

describe("a mistake that must not compile", () => {
  const found = errors()

  test.each(mistakes.map((mistake) => [`${mistake.file}:${mistake.line}`, mistake.why] as const))(
    "%s: %s",
    async (place) => {
      expect([...(await found)]).toContain(place)
    },
    60_000,
  )

  test("is all that these files do wrong", async () => {
    const expected = mistakes.map(({ file, line }) => `${file}:${line}`)
    expect([...(await found)].filter((place) => !expected.includes(place))).toEqual([])
    expect(expected.length).toBeGreaterThan(80)
  }, 60_000)
})
