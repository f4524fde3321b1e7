// What the documents must speak of, taken from the code itself.
import { describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { join, posix } from "node:path"
import { IS_PRIVATE } from "../../src/runtime/domain/callbacks.ts"
import { QUESTIONS } from "../../src/runtime/domain/operation.ts"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { files, read, root } from "../scan.ts"
import { DOCUMENTS } from "./blocks.ts"

const strategies = read("docs/strategies.md")
const operations = read("docs/operations.md")
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? "")

/** The rows of the table that has this head, as cells. */
function table(document: string, head: string): string[][] {
  const lines = read(document).split("\n")
  const first = lines.indexOf(head)
  if (first < 0) throw new Error(`${document} has no table ${head}`)
  const end = lines.findIndex((line, at) => at > first && !line.startsWith("|"))
  return lines.slice(first + 2, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

describe("docs/strategies.md", () => {
  test("has a row for every callback, and for nothing else", () => {
    const rows = table("docs/strategies.md", "| callback | `data` | when |").map(([name = ""]) => name.slice(1, -1))
    expect(rows.toSorted()).toEqual(Object.keys(IS_PRIVATE).toSorted())
  })

  test("names as data of a callback only what a bot file can import", () => {
    const cells = table("docs/strategies.md", "| callback | `data` | when |").map(([, data = ""]) => data)
    const named = cells.flatMap((data) => all(data, /\b([A-Z]\w+)/g))
    const offered = new Set(all(read("src/index.ts"), /\b([A-Z]\w+)/g))
    expect(named).toHaveLength(Object.keys(IS_PRIVATE).length)
    expect(named.filter((type) => !offered.has(type))).toEqual([])
  })

  test("names every member of the context, and no other", () => {
    const source = read("src/runtime/engine/declaration/context.ts")
    const body = source.slice(source.indexOf("export interface Context<"))
    const members = all(body, /^ {2}(?:readonly )?(\w+)(?=[(:<])/gm)
    const named = new Set(all(strategies, /`ctx\.(\w+)/g))
    expect(members.length).toBeGreaterThan(20)
    expect([...named].toSorted()).toEqual([...new Set(members)].toSorted())
  })

  test("has every question that can be asked in its table, and no other", () => {
    const rows = table("docs/strategies.md", "| question | takes | tells |").flatMap(([names = "", takes = ""]) =>
      all(names, /`(\w+)`/g).map((name) => [name, takes] as const),
    )
    const known = Object.entries(QUESTIONS).map(([name, takes]) => [
      name,
      Object.entries(takes as Record<string, boolean>)
        .map(([param, isNeeded]) => (isNeeded ? param : `${param}?`))
        .join(", "),
    ])
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(known))
    expect(rows).toHaveLength(known.length)
  })

  test("names every declaration of a task", () => {
    const exported = all(
      /export \{([^}]*)\} from ".\/runtime\/engine\/declaration\/task.ts"/.exec(read("src/index.ts"))?.[1] ?? "",
      /(\w+)/g,
    )
    expect(exported.length).toBeGreaterThan(10)
    expect(exported.filter((name) => !strategies.includes(`\`${name}(`))).toEqual([])
  })
})

describe("docs/operations.md", () => {
  const sources = files("src/runtime/cli/*.ts").map(read).join("\n")

  test("names every option of every command", () => {
    const options = all(sources, /^ {2,6}"?([a-z-]+)"?: \{\s*type: "(?:string|boolean)"/gm)
    expect(options).toContain("http-port")
    expect(options.filter((name) => name !== "help" && !operations.includes(`--${name}`))).toEqual([])
  })

  test("explains every exit status", () => {
    const rows = table("docs/operations.md", "| status | |").map(([status]) => Number(status))
    expect(Object.values(EXIT).filter((status) => !rows.includes(status))).toEqual([])
  })

  test("names every environment variable that the sources read", () => {
    const code = files("src/**/*.ts").map(read).join("\n")
    const variables = new Set(all(code, /"((?:PERIGEE|BINANCE)_[A-Z_]+)"/g))
    // How a process tells its child that it is one, and its successor likewise: nobody sets these by hand.
    for (const own of ["PERIGEE_CHILD", "PERIGEE_SEALED"]) variables.delete(own)
    expect(variables.size).toBeGreaterThan(4)
    expect([...variables].filter((name) => !operations.includes(name))).toEqual([])
  })

  test("names every route of the endpoint", () => {
    const endpoint = read("src/runtime/http/endpoint.ts")
    const controls = all(endpoint.slice(endpoint.indexOf("const commands")), /^ {4}"?([a-z-]+)"?: (?:async )?\(/gm)
    const routes = [...all(endpoint, /path: "(\/\w*)"/g), ...controls.map((name) => `/control/${name}`)]
    expect(routes.length).toBeGreaterThan(10)
    expect(routes.filter((route) => !new RegExp(`[\` ]${route}\``).test(operations))).toEqual([])
  })
})

describe("docs/architecture.md", () => {
  test("has the table of rooms that the layer test holds", () => {
    const source = read("test/layers.test.ts")
    const rooms = [...source.slice(source.indexOf("const ROOMS")).matchAll(/^ {2}(\w+): "?([\w ]*)"?,$/gm)]
    const held = rooms
      .slice(0, 21)
      .map(([, room = "", may = ""]) => [room, may === "EVERYONE_BELOW_CLI" ? "everything above" : may || "nothing"])
    const written = table("docs/architecture.md", "| room | where | may import |").map(([room, , may]) => [room, may])
    expect(written).toEqual(held)
    const above = written
      .slice(
        0,
        written.findIndex(([room]) => room === "world"),
      )
      .map(([room]) => room)
    expect(above.join(" ").split(" ").toSorted()).toEqual(
      (/EVERYONE_BELOW_CLI =\s*"([^"]*)"/.exec(source)?.[1] ?? "").split(" ").toSorted(),
    )
  })

  test("names only files that are there", () => {
    const text = DOCUMENTS.map(read).join("\n")
    const named = all(text, /`((?:src|test|scripts|python|migrations|bench|\.ci)\/[\w./-]*)`/g)
    const short = all(read("docs/architecture.md"), /`([a-z]+\/[\w./-]+\.ts)`/g)
    expect(named.length).toBeGreaterThan(10)
    // `python/.venv` is made by a script, and not there in a fresh checkout.
    const isThere = (path: string) =>
      ["", "src", "src/runtime"].some((base) => existsSync(join(root, base, path))) || /example|\.venv$/.test(path)
    expect([...named, ...short].filter((path) => !isThere(path))).toEqual([])
  })
})

/** As GitHub makes an anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-")

test("every link between the documents leads somewhere", () => {
  const broken = DOCUMENTS.flatMap((document) =>
    all(read(document), /\]\(([^)\s]+)\)/g)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [path = "", fragment] = target.split("#")
        const file = path === "" ? document : posix.join(posix.dirname(document), path)
        if (!existsSync(join(root, file))) return true
        return (
          fragment !== undefined &&
          !all(read(file), /^#+ (.*)$/gm)
            .map(anchor)
            .includes(fragment)
        )
      })
      .map((target) => `${document}: ${target}`),
  )
  expect(broken).toEqual([])
})
