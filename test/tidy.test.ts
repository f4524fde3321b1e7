import { describe, expect, test } from "bun:test"
import { files, read, specifiers } from "./scan.ts"

const linesMax = 500
const typescript = files("{src,test,scripts,bench}/**/*.ts")
const texts = files("**/*").filter(
  (path) =>
    /\.(?:ts|mjs|json|jsonc|toml|md|sql|sh|yml|yaml)$|^Dockerfile$|^\.ci\/|^\.npmrc$/.test(path) && path !== "bun.lock",
)
const prose = texts.filter((path) => !path.endsWith(".json") && path !== "test/tidy.test.ts")

/** Every line of the files that the pattern matches, as `path:line: text`. */
function matches(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim().slice(0, 100)}`] : [])),
  )
}

describe("the source", () => {
  test(`has no file longer than ${linesMax} lines`, () => {
    const long = typescript.filter((path) => read(path).split("\n").length > linesMax)
    expect(long).toEqual([])
  })

  test("names files by what is in them, in lower case", () => {
    const name = /^[a-z][a-z0-9]*(?:-[a-z0-9]+){0,2}(?:\.test|\.d)?\.ts$/
    const drawer = /^(?:utils?|helpers?|common|misc|.*-?(?:manager|service))(?:\.test)?\.ts$/
    const wrong = typescript.filter((path) => {
      const file = path.slice(path.lastIndexOf("/") + 1)
      return !name.test(file) || drawer.test(file)
    })
    expect(wrong).toEqual([])
  })

  test("leaves nothing for later", () => {
    expect(matches(prose, /\b(?:TODO|FIXME|XXX|HACK)\b/)).toEqual([])
  })

  test("focuses no test and skips none without a condition", () => {
    expect(matches(files("test/**/*.test.ts"), /^\s*(?:test|it|describe)\.(?:only|skip|todo)\(/)).toEqual([])
  })

  test("writes every relative import with its extension", () => {
    const bare = typescript.filter((path) =>
      specifiers(read(path)).some((name) => /^\.(?!.*(?:\.[a-z0-9]+|\/)$)/.test(name)),
    )
    expect(bare).toEqual([])
  })
})

describe("the repository", () => {
  test("names no package registry and nobody's machine", () => {
    const host =
      /\bregistry\.[a-z]+\.[a-z]+|\bnpmjs\.|\bdeb\.debian\.|\bcrates\.io|\bpypi\.|\bproxy\.golang\.|\bmaven\.org/
    expect(matches(texts, host)).toEqual([])
    expect(matches(prose, /(?:^|[\s"'`(=])\/(?:work|root|home|Users)\//)).toEqual([])
  })

  test("pins every dependency exactly, and the lockfile holds the same versions", () => {
    const lock = JSON.parse(read("package-lock.json")) as {
      packages: Record<string, { version: string; resolved?: string }>
    }
    const loose = files("{package.json,bench/**/package.json}").flatMap((path) => {
      const manifest = JSON.parse(read(path)) as Record<string, Record<string, string> | undefined>
      const wanted = Object.entries({ ...manifest["dependencies"], ...manifest["devDependencies"] })
      return wanted.filter(([name, version]) => {
        if (!/^\d+\.\d+\.\d+$/.test(version)) return true
        return path === "package.json" && lock.packages[`node_modules/${name}`]?.version !== version
      })
    })
    expect(loose).toEqual([])
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([])
  })
})
