import type { Inst } from "../domain/inst.ts"

/** Beyond this many the journal is asked: it has them by then. */
const KEYS_MAX = 10_000

/** Which fills are counted: by inst and trade id, in memory for the newest, in the journal for all. */
export class FillKeys {
  readonly #written: (inst: Inst, tradeId: string) => boolean
  #newer = new Set<string>()
  #older = new Set<string>()

  constructor(written: (inst: Inst, tradeId: string) => boolean) {
    this.#written = written
  }

  /** `again`: this run has counted it; `written`: an earlier one has. Remembers it either way. */
  add(inst: Inst, tradeId: string): "new" | "again" | "written" {
    const key = `${inst} ${tradeId}`
    if (this.#newer.has(key) || this.#older.has(key)) return "again"
    if (this.#newer.size >= KEYS_MAX) {
      this.#older = this.#newer
      this.#newer = new Set()
    }
    this.#newer.add(key)
    return this.#written(inst, tradeId) ? "written" : "new"
  }
}
