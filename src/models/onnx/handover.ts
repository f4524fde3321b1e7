// Starting the runtime and opening a session takes five times the code that running the session takes, and the engine underneath keeps two
// and a half bytes for each byte of it. So a second instance, which has only the code for running, takes over the memory of the first: the
// same linear memory, the same values of the globals, the same numbers of functions. The first is then garbage.
import { GLOBAL } from "./trim.ts"

type Call = (...values: unknown[]) => unknown
type Exports = Readonly<Record<string, unknown>>
type Imports = ConstructorParameters<typeof WebAssembly.Instance>[1]

/** What the loader sees of the instance that is at work, whichever that is. It must hold on to nothing of the first. */
export class Stage {
  #exports: Exports = {}
  #table: WebAssembly.Table | undefined
  #imports: Imports
  /** Functions that the loader took out of the table, and keeps. */
  readonly #entries = new Map<number, { call: Call }>()
  readonly #names = new Map<Call, string>()

  /** The first instance. Gives exports for the loader. To be handed over it must export its globals (`withGlobals`). */
  async begin(bytes: Uint8Array<ArrayBuffer>, imports: Imports): Promise<Exports> {
    this.#imports = imports
    this.#enter(await instance(bytes, imports))
    return this.#shown()
  }

  /** The second instance, joining (`withGlobals`). Between calls only. `loaded` is what the loader made of the exports. */
  async handOver(bytes: Uint8Array<ArrayBuffer>, loaded: Record<string, unknown>): Promise<void> {
    const next = await instance(bytes, this.#imports)
    for (const [name, from] of Object.entries(this.#exports)) {
      const to = next[name]
      if (!name.startsWith(GLOBAL) || !(from instanceof WebAssembly.Global) || !(to instanceof WebAssembly.Global))
        continue
      // Those that do not change cannot be set.
      if (to.value !== from.value) to.value = from.value as number
    }
    this.#enter(next)
    for (const [index, entry] of this.#entries) entry.call = this.#table?.get(index) as Call
    for (const [key, value] of Object.entries(loaded)) {
      const name = this.#names.get(value as Call)
      if (name !== undefined) loaded[key] = next[name]
    }
  }

  // Not in `begin`: what is made in an asynchronous function holds on to its parameters.
  #shown(): Exports {
    const table = { get: (index: number) => this.#entry(index) }
    return Object.fromEntries(
      Object.entries(this.#exports).map(([name, value]) => {
        if (value instanceof WebAssembly.Table) return [name, table]
        return [name, typeof value === "function" ? this.#forward(name) : value]
      }),
    )
  }

  #enter(exports: Exports): void {
    this.#exports = exports
    this.#table = Object.values(exports).find((value) => value instanceof WebAssembly.Table)
  }

  #entry(index: number): Call {
    const entry = this.#entries.get(index) ?? { call: this.#table?.get(index) as Call }
    this.#entries.set(index, entry)
    return (...values) => entry.call(...values)
  }

  #forward(name: string): Call {
    const call: Call = (...values) => (this.#exports[name] as Call)(...values)
    this.#names.set(call, name)
    return call
  }
}

async function instance(bytes: Uint8Array<ArrayBuffer>, imports: Imports): Promise<Exports> {
  const module = await WebAssembly.compile(bytes)
  return (await WebAssembly.instantiate(module, imports)).exports as Exports
}
