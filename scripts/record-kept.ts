// Writes src/models/onnx/kept.ts: which functions of the ONNX runtime's WebAssembly file models need. It counts them while it runs the models
// of scripts/zoo.py and zoo-libraries.py and the test fixtures, failures included.
//
//   python scripts/zoo.py /tmp/zoo && python scripts/zoo-libraries.py /tmp/zoo && bun scripts/record-kept.ts /tmp/zoo
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import wasmPath from "../src/models/onnx/wasm-file.ts"
import { openRuntime, type Ort } from "../src/models/onnx/ort.ts"
import { openSession } from "../src/models/onnx/session.ts"
import { functionCount, instructionsAt, numberBytes, withBodies } from "../src/models/onnx/trim.ts"

const folder = process.argv[2]
if (folder === undefined) throw new Error("name the folder that scripts/zoo.py wrote to")
const fixtures = new URL("../test/fixtures/onnx/", import.meta.url).pathname
const sample = new URL("../src/strategies/models/momentum.onnx", import.meta.url).pathname

/** Added to a function's number, so that the borrowed import can tell our calls from its own. */
const mark = 0x4000_0000
const I32_CONST = 0x41
const CALL = 0x10

const whole = readFileSync(wasmPath)
const functions = functionCount(whole)
const used = new Set<number>()
/** Those that ran while a session was open. */
const running = new Set<number>()
let isOpen = false
const seenCalls = borrowImport(whole)

type Imports = Record<string, Record<string, (value: number) => unknown>>

/** Every function first tells its number through an import that takes one i32 and gives nothing; the import itself goes on working. */
function borrowImport(bytes: Uint8Array<ArrayBuffer>): { name: string; index: number } {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).filter(({ kind }) => kind === "function")
  for (const [index, { name }] of imports.entries()) {
    const probe = withBodies(bytes, (at, body) => (at === 0 ? told(body, at, index) : [body]))
    if (WebAssembly.validate(probe)) return { name, index }
  }
  throw new Error("the runtime imports no function of one i32 that gives nothing")
}

/** As LEB128 with a sign: seven bits a byte, the highest data bit of the last byte clear. */
function signed(value: number): number[] {
  const bytes = numberBytes(value)
  if ((bytes.at(-1)! & 0x40) === 0) return bytes
  return [...bytes.slice(0, -1), bytes.at(-1)! | 0x80, 0]
}

function told(body: Uint8Array, at: number, hook: number): Uint8Array[] {
  const start = instructionsAt(body)
  const call = Uint8Array.from([I32_CONST, ...signed(mark + at), CALL, ...numberBytes(hook)])
  return [body.subarray(0, start), call, body.subarray(start)]
}

function watchRuntime(): void {
  const { compile, instantiate } = WebAssembly
  const watched = WebAssembly as unknown as Record<string, unknown>
  watched["compile"] = (bytes: Uint8Array<ArrayBuffer>) =>
    compile(withBodies(bytes, (at, body) => told(body, at, seenCalls.index)))
  watched["instantiate"] = (module: WebAssembly.Module, imports: Imports) => {
    for (const names of Object.values(imports)) {
      const mine = names[seenCalls.name]
      if (mine === undefined) continue
      names[seenCalls.name] = (value) => (value >= mark ? see(value - mark) : mine(value))
    }
    return instantiate(module, imports as never)
  }
}

function see(index: number): void {
  used.add(index)
  if (isOpen) running.add(index)
}

interface ZooModel {
  readonly file: string
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[]
  readonly batch: boolean
}

let state = 1
/** In [-2, 2); a plain generator will do, the values only have to differ. */
const next = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
  return state / 0x4000_0000
}

const fills: readonly ((index: number) => number)[] = [
  next,
  () => 0,
  () => 1,
  () => Math.abs(next()),
  () => next() * 1_000,
  // Whole numbers, among them indices outside of any table.
  () => Math.round(next() * 50),
  (index) => (index % 3 === 0 ? Number.NaN : next()),
]

const filled = (shape: readonly number[], fill: (index: number) => number) => ({
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => fill(index)),
  shape,
})

/** Opens it and runs it with many values and every output; what fails is wanted too. */
function exercise(ort: Ort, bytes: Uint8Array, shapes?: readonly (readonly number[])[]): void {
  try {
    const session = openSession(ort, bytes)
    isOpen = true
    const declared = session.inputs.map(({ shape }) => shape.map((size) => (typeof size === "string" ? 2 : size)))
    for (const fill of fills)
      for (const output of session.outputs.keys())
        attempt(() =>
          session.run(
            (shapes ?? declared).map((shape) => filled(shape, fill)),
            output,
          ),
        )
    attempt(() =>
      session.run(
        declared.map(() => filled([1, 1, 1], next)),
        0,
      ),
    )
    session.close()
  } catch {
    // A model that cannot be opened: the way to its error message is recorded.
  } finally {
    isOpen = false
  }
}

function attempt(run: () => unknown): void {
  try {
    run()
  } catch {
    // The same for a request that cannot be computed.
  }
}

watchRuntime()
const ort = await openRuntime("full")
// One fixture stands for the models that need more than was recorded.
const wanted = readdirSync(fixtures).filter((name) => name.endsWith(".onnx") && name !== "rare.onnx")
for (const name of wanted) exercise(ort, readFileSync(join(fixtures, name)))
exercise(ort, readFileSync(sample))
exercise(ort, new Uint8Array(0))
exercise(ort, new Uint8Array(64).fill(7))
for (const part of [0.1, 0.5, 0.9]) exercise(ort, readFileSync(sample).subarray(0, 5_000 * part))
const basic = used.size
const zoo = JSON.parse(readFileSync(join(folder, "zoo.json"), "utf8")) as ZooModel[]
for (const { file, inputs, batch } of zoo) {
  const bytes = readFileSync(join(folder, file))
  const shapes = inputs.map(({ shape }) => shape)
  for (const rows of batch ? [1, 2, 5, 64] : [undefined])
    exercise(ort, bytes, rows === undefined ? shapes : shapes.map((shape) => shape.with(0, rows)))
}

/** One bit a function, in lines of text. */
function listed(set: ReadonlySet<number>): string {
  const bits = new Uint8Array(Math.ceil(functions / 8))
  for (const index of set) bits[index >> 3]! |= 1 << (index & 7)
  const lines =
    Buffer.from(bits)
      .toString("base64")
      .match(/.{1,110}/g) ?? []
  return lines.map((line) => `    "${line}",`).join("\n")
}

const text = `// Made by scripts/record-kept.ts from ${zoo.length} models; ${used.size} of ${functions} functions, ${running.size} once a session is open.
import type { Kept } from "./trim.ts"

export const kept: Kept = {
  wasmBytes: ${whole.length},
  functions: ${functions},
  bits: [
${listed(used)}
  ].join(""),
  running: [
${listed(running)}
  ].join(""),
}
`
writeFileSync(new URL("../src/models/onnx/kept.ts", import.meta.url), text)
console.log(
  `fixtures need ${basic}, with the zoo ${used.size} of ${functions} functions, ${running.size} once a session is open`,
)
