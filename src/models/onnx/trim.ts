// The runtime's WebAssembly file holds 17,000 functions, of which a model executes a fifth. The engine underneath keeps the code and a
// table for all of them: some 20 MB resident for nothing. Functions that were never seen running are replaced by a trap of three bytes.
// Running into one (a model with an operator outside the recorded set) is noticed by the caller, who starts over with the whole file,
// so a trimmed runtime answers exactly like the whole one or not at all.

const GLOBAL_SECTION = 6
const EXPORT_SECTION = 7
const START_SECTION = 8
const CODE_SECTION = 10
const GLOBAL_KIND = 3
/** What the names of exported globals start with; the file's own names are two or three letters. */
export const GLOBAL = "global-"
/** No locals; `unreachable`; `end`. */
const TRAP = [0x00, 0x00, 0x0b]

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/** An unsigned LEB128 number, https://webassembly.github.io/spec/core/binary/values.html#integers */
function readNumber(cursor: Cursor): number {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw new RangeError("the WebAssembly file ends in the middle of a number")
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
  }
}

export function numberBytes(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) + 128)
  }
}

interface Section {
  readonly id: number
  /** Of its header. */
  readonly start: number
  readonly body: number
  readonly end: number
}

function sections(bytes: Uint8Array): Section[] {
  const found: Section[] = []
  const cursor = { bytes, at: 8 }
  while (cursor.at < bytes.length) {
    const start = cursor.at
    const id = readNumber(cursor)
    const size = readNumber(cursor)
    found.push({ id, start, body: cursor.at, end: cursor.at + size })
    cursor.at += size
  }
  return found
}

/** Number of functions with a body, imported ones not counted. */
export function functionCount(bytes: Uint8Array): number {
  const code = sections(bytes).find(({ id }) => id === CODE_SECTION)
  return code === undefined ? 0 : readNumber({ bytes, at: code.body })
}

/** A copy in which `change` gave each function a new body: the pieces it is made of. Indices and all other sections stay. */
export function withBodies(
  bytes: Uint8Array,
  change: (index: number, body: Uint8Array) => readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [bytes.subarray(0, 8)]
  for (const { id, start, body, end } of sections(bytes)) {
    if (id !== CODE_SECTION) pieces.push(bytes.subarray(start, end))
    else pieces.push(...codeSection({ bytes, at: body }, change))
  }
  return concatenated(pieces)
}

function codeSection(cursor: Cursor, change: (index: number, body: Uint8Array) => readonly Uint8Array[]): Uint8Array[] {
  const count = readNumber(cursor)
  const pieces: Uint8Array[] = [Uint8Array.from(numberBytes(count))]
  for (let index = 0; index < count; index++) {
    const size = readNumber(cursor)
    const body = change(index, cursor.bytes.subarray(cursor.at, (cursor.at += size)))
    pieces.push(Uint8Array.from(numberBytes(total(body))), ...body)
  }
  return [Uint8Array.from([CODE_SECTION, ...numberBytes(total(pieces))]), ...pieces]
}

const total = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0)

function concatenated(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(total(pieces))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Where the instructions of a function's body begin, behind its locals. */
export function instructionsAt(body: Uint8Array): number {
  const cursor = { bytes: body, at: 0 }
  for (let groups = readNumber(cursor); groups > 0; groups--) {
    readNumber(cursor)
    cursor.at++
  }
  return cursor.at
}

/** Which functions to keep, for one exact file. */
export interface Cut {
  readonly wasmBytes: number
  readonly functions: number
  /** Base64 of one bit a function, lowest first. */
  readonly bits: string
}

export interface Kept extends Cut {
  /** Likewise, of those that an open session still needs: to run, to fail, to be closed. */
  readonly running: string
}

/** The file without the functions that are not kept, or undefined where the list was made for another file. */
export function trimmed(bytes: Uint8Array, cut: Cut): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length !== cut.wasmBytes || functionCount(bytes) !== cut.functions) return undefined
  const bits = Uint8Array.from(atob(cut.bits), (letter) => letter.charCodeAt(0))
  const trap = [Uint8Array.from(TRAP)]
  return withBodies(bytes, (index, body) => {
    const isKept = (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1
    return isKept ? [body] : trap
  })
}

/** The same module with its globals exported, the first as `GLOBAL` and 0; without its start function where it is to join a memory in use. */
export function withGlobals(bytes: Uint8Array, isJoining: boolean): Uint8Array<ArrayBuffer> {
  const all = sections(bytes)
  const globals = all.find(({ id }) => id === GLOBAL_SECTION)
  const count = globals === undefined ? 0 : readNumber({ bytes, at: globals.body })
  const pieces = all
    .filter(({ id }) => !isJoining || id !== START_SECTION)
    .flatMap(({ id, start, body, end }) => {
      if (id !== EXPORT_SECTION) return [bytes.subarray(start, end)]
      const cursor = { bytes, at: body }
      const before = readNumber(cursor)
      const names = Array.from({ length: count }, (_, at) => exportOf(`${GLOBAL}${at}`, at))
      const content = [numberBytes(before + count), bytes.subarray(cursor.at, end), ...names].map((each) =>
        Uint8Array.from(each),
      )
      return [Uint8Array.from([EXPORT_SECTION, ...numberBytes(total(content))]), ...content]
    })
  return concatenated([bytes.subarray(0, 8), ...pieces])
}

const exportOf = (name: string, global: number): number[] => [
  name.length,
  ...Array.from(name, (letter) => letter.charCodeAt(0)),
  GLOBAL_KIND,
  ...numberBytes(global),
]
