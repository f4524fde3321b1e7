import { describe, expect, test } from "bun:test"
import { code, files, read, specifiers, target } from "./scan.ts"

// Who may import whom: the table in docs/architecture.md. A room never reaches a room that is not on its row.
const EVERYONE_BELOW_CLI =
  "domain ports book execution storage http platform simulation kit matching venue registry model tasks engine index strategies"
const ROOMS: Record<string, string> = {
  domain: "",
  ports: "domain",
  book: "ports domain",
  execution: "ports domain",
  storage: "ports domain",
  http: "ports domain",
  platform: "ports domain",
  simulation: "ports domain",
  kit: "ports domain",
  matching: "ports domain",
  model: "ports domain",
  venue: "kit ports domain",
  registry: "venue kit ports domain",
  tasks: "book execution ports domain",
  engine: "tasks ports domain",
  index: "engine domain",
  strategies: "index",
  world: EVERYONE_BELOW_CLI,
  testing: "world simulation",
  cli: "world http registry ports domain",
  main: "cli",
}

// A room may use these builtins; platform may use all.
const BUILTINS: Record<string, string> = {
  domain: "node:crypto",
  storage: "node:crypto node:fs node:os node:path node:string_decoder node:worker_threads node:zlib",
  http: "node:crypto",
  kit: "node:crypto",
  venue: "node:crypto",
  model: "node:fs node:path node:url node:worker_threads",
  world: "node:fs node:path node:url",
  cli: "node:fs node:path node:os node:url node:util",
}

const PACKAGES: Record<string, string> = {
  storage: "better-sqlite3 drizzle-orm",
  http: "hono",
  platform: "ws pino",
  "src/models/onnx/": "onnxruntime-web",
  "src/models/zmq/": "zeromq bun:ffi",
  "src/runtime/platform/bun/": "bun bun:ffi bun:jsc",
  "src/runtime/cli/build/": "bun",
}

// What only the platform may touch, so that a virtual clock and a virtual network can stand in for it.
const OUTSIDE: Record<string, RegExp> = {
  "the wall clock": /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b/,
  "a timer": /\b(?:setTimeout|setInterval|setImmediate)\b/,
  "the network": /(?<![.\w#])fetch\((?!\w+\??:)|\bglobalThis\.fetch\b|\bnew (?:WebSocket|EventSource)\b/,
  // Platform and architecture are constants of a build: the bundler puts them in.
  "the process": /(?<![.\w$])process\.(?!platform\b|arch\b)/,
  "Bun's own API": /(?<![.\w$])Bun\.|\bimport\.meta\.(?:dir|main|require)\b/,
  chance: /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\bgetRandomValues\b/,
  "asynchronous cryptography": /\bcrypto\.subtle\b|\bwebcrypto\b/,
}

// Where one of these is touched outside src/runtime/platform/, and why that is honest.
const EXCEPTIONS: { path: string; touches: (keyof typeof OUTSIDE)[]; why: string }[] = [
  {
    path: "src/runtime/cli/build/",
    touches: ["Bun's own API", "the process"],
    why: "bundling and compiling are Bun's",
  },
  { path: "src/models/zmq/", touches: ["Bun's own API"], why: "it has sockets of its own, and libzmq through bun:ffi" },
  { path: "src/models/onnx/", touches: ["Bun's own API"], why: "what only a start needs is collected at once" },
  { path: "src/main.ts", touches: ["the process"], why: "arguments in, exit code out" },
]

const room = (path: string): string | undefined => {
  const file = path.replace(/^src\//, "")
  if (file === path) return undefined
  if (["index.ts", "world.ts", "testing.ts", "main.ts"].includes(file)) return file.slice(0, -3)
  if (file.startsWith("world/")) return "world"
  if (file === "runtime/ports.ts") return "ports"
  if (file === "exchanges/index.ts") return "registry"
  const [top, second, third] = file.split("/")
  if (top === "strategies" || top === "world") return top
  if (third === undefined) return undefined
  if (top === "models") return "model"
  if (top === "exchanges") return second === "kit" || second === "matching" ? second : "venue"
  return top === "runtime" ? second : undefined
}

// Equals never import each other: one venue another, one model kind another, one platform another.
const siblings = (path: string): string => path.split("/").slice(0, 3).join("/")
const platform = (path: string): string => /^src\/runtime\/platform\/([a-z]+)\//.exec(path)?.[1] ?? ""

// A front is the other end of the wire: the same hand must not make the same mistake at both ends.
const FRONT_MAY_NOT = /^src\/exchanges\/[^/]+\/(?:map|sign|spec)(?:\.ts|\/)/
const isFront = (path: string): boolean => /^src\/exchanges\/[^/]+\/front(?:\.ts|\/)/.test(path)

const allowed = (table: Record<string, string>, path: string): string[] =>
  Object.entries(table)
    .filter(([key]) => key === room(path) || path.startsWith(key))
    .flatMap(([, names]) => names.split(" "))

function refusal(from: string, to: string): string | undefined {
  const here = room(from)
  if (here === undefined) return `${from} is in no room`
  if (to.startsWith("#"))
    return alternatives(to)
      .map((one) => roomRefusal(from, here, one))
      .find((line) => line !== undefined)
  if (here !== "platform" && ["bun", "deno"].includes(platform(to)))
    return `${from} imports ${to}: which platform it is only #platform says`
  return to.startsWith("src/") ? roomRefusal(from, here, to) : outsideRefusal(from, here, to)
}

/** What a name of the project's own manifest stands for, on one runtime or another. */
function alternatives(name: string): string[] {
  const { imports } = JSON.parse(read("package.json")) as { imports: Record<string, Record<string, string>> }
  return Object.values(imports[name] ?? {}).map((path) => path.replace("./", ""))
}

function roomRefusal(from: string, here: string, to: string): string | undefined {
  const there = room(to)
  if (there === undefined) return `${from} imports ${to}, which is in no room`
  if (isFront(from) && FRONT_MAY_NOT.test(to))
    return `${from} imports ${to}: a front never uses its venue's own adapter`
  if (isFront(from) && there === "matching") return undefined
  if (here === there && (here === "venue" || here === "model") && siblings(from) !== siblings(to))
    return `${from} imports ${to}: equals never import each other`
  if (here === "platform" && there === "platform" && ![platform(from), "shared"].includes(platform(to)))
    return `${from} imports ${to}: each platform stands alone`
  if (here === "index" && there === "engine" && !to.startsWith("src/runtime/engine/declaration/")) {
    return `${from} imports ${to}: of the engine a bot file sees only its declarations`
  }
  if (here === there || (ROOMS[here] ?? "").split(" ").includes(there)) return undefined
  return `${from} imports ${to}: ${here} may import only ${ROOMS[here] || "itself"}`
}

function outsideRefusal(from: string, here: string, name: string): string | undefined {
  if (name.startsWith("node:")) {
    const fits = here === "platform" || allowed(BUILTINS, from).includes(name.replace(/\/promises$/, ""))
    return fits ? undefined : `${from} imports ${name}: not among ${here}'s builtins`
  }
  if (name.startsWith("migrations/") && here === "storage") return undefined
  if (name.startsWith("python/") && here === "world") return undefined
  if (name === "package.json" && here === "cli") return undefined
  const owner = name.startsWith("bun:")
    ? name
    : name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/")
  return allowed(PACKAGES, from).includes(owner) ? undefined : `${from} imports ${name}: not a package of ${here}`
}

const imports = (from: string, source: string): string[] => specifiers(source).map((name) => target(from, name))

function touched(path: string, source: string): string[] {
  const here = platform(path)
  if (here === "bun") return []
  const excused = EXCEPTIONS.filter((exception) => path.startsWith(exception.path)).flatMap(({ touches }) => touches)
  const text = code(source)
  return Object.entries(OUTSIDE)
    .filter(
      ([what, pattern]) => (here === "" || what === "Bun's own API") && !excused.includes(what) && pattern.test(text),
    )
    .map(([what]) => `${path} touches ${what}`)
}

const sources = files("src/**/*.ts").filter((path) => !path.endsWith(".d.ts"))

describe("the house", () => {
  test("every source file is in a room with a row in the table", () => {
    expect(sources.filter((path) => !((room(path) ?? "") in ROOMS))).toEqual([])
  })

  test("a room imports only the rooms, builtins and packages on its row", () => {
    const refused = sources.flatMap((path) => imports(path, read(path)).map((to) => refusal(path, to)))
    expect(refused.filter((line) => line !== undefined)).toEqual([])
  })

  test("only the platform touches clock, timers, network, process, chance and Bun", () => {
    expect(sources.flatMap((path) => touched(path, read(path)))).toEqual([])
  })

  test("no module imports itself in a circle through another room", () => {
    const reaches = (from: string): string[] => (ROOMS[from] ?? "").split(" ").filter((name) => name in ROOMS)
    const circles = Object.keys(ROOMS).filter((start) => {
      const seen = new Set<string>()
      const queue = reaches(start)
      for (const next of queue) if (!seen.has(next)) queue.push(...reaches((seen.add(next), next)))
      return seen.has(start)
    })
    expect(circles).toEqual([])
  })
})

describe("the scan itself", () => {
  const planted: [string, string, string][] = [
    ["src/runtime/domain/a.ts", 'import type { Clock } from "../ports.ts"', "src/runtime/ports.ts"],
    [
      "src/runtime/book/a.ts",
      'import {\n  type Order,\n} from "../execution/order.ts"',
      "src/runtime/execution/order.ts",
    ],
    ["src/exchanges/binance/map.ts", 'export * from "../okx/wire.ts"', "src/exchanges/okx/wire.ts"],
    ["src/exchanges/binance/front.ts", 'import { sign } from "./sign.ts"', "src/exchanges/binance/sign.ts"],
    ["src/runtime/engine/a.ts", 'const a = await import("../storage/journal.ts")', "src/runtime/storage/journal.ts"],
    ["src/runtime/engine/a.ts", 'import { readFileSync } from "node:fs"', "node:fs"],
    ["src/runtime/platform/deno/a.ts", 'import { a } from "../bun/a.ts"', "src/runtime/platform/bun/a.ts"],
    ["src/runtime/platform/shared/a.ts", 'import { a } from "../bun/a.ts"', "src/runtime/platform/bun/a.ts"],
    ["src/world/a.ts", 'import { a } from "../runtime/platform/bun/index.ts"', "src/runtime/platform/bun/index.ts"],
    ["src/runtime/engine/a.ts", 'import { platform } from "#platform"', "#platform"],
    ["src/strategies/a.ts", 'import { Hono } from "hono"', "hono"],
    [
      "src/models/onnx/index.ts",
      'new Worker(new URL("../zmq/worker.ts", import.meta.url))',
      "src/models/zmq/worker.ts",
    ],
  ]

  test.each(planted)("refuses what %s must not import", (path, source, to) => {
    expect(imports(path, source)).toEqual([to])
    expect(refusal(path, to)).toStartWith(`${path} imports ${to.startsWith("#") ? "" : to}`)
  })

  test("sees forbidden calls in code, not in comments or strings", () => {
    const source =
      '// Date.now() here\nconst a = "setTimeout"\nconst b = `${Math.random()}`\nprocess.exit(1)\napp.fetch(request)\ninterface A { fetch(request: Request): void }'
    expect(touched("src/runtime/engine/a.ts", source)).toEqual([
      "src/runtime/engine/a.ts touches the process",
      "src/runtime/engine/a.ts touches chance",
    ])
    expect(touched("src/main.ts", "process.exit(1)")).toEqual([])
    expect(touched("src/runtime/platform/deno/clock.ts", "Date.now() + Bun.nanoseconds()")).toEqual([
      "src/runtime/platform/deno/clock.ts touches Bun's own API",
    ])
  })

  test("lets neighbours through", () => {
    expect(refusal("src/exchanges/binance/front.ts", "src/exchanges/matching/engine.ts")).toBeUndefined()
    expect(refusal("src/exchanges/binance/map.ts", "src/exchanges/matching/engine.ts")).toBeString()
    expect(refusal("src/strategies/momentum.ts", "src/index.ts")).toBeUndefined()
    expect(refusal("src/runtime/platform/deno/a.ts", "src/runtime/platform/shared/a.ts")).toBeUndefined()
    expect(refusal("src/runtime/storage/migrations.ts", "migrations/0001.sql")).toBeUndefined()
  })
})
