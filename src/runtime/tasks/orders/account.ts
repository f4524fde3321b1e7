import type { AccBalPos, AccPos } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import type { Balance, Position } from "../../domain/order.ts"
import type { JournalRecord } from "../../ports.ts"

/** The venue's own word on the account: positions by inst and side, balances by asset. Older news never replaces newer. */
export class Account {
  readonly #positions = new Map<string, Position>()
  readonly #balances = new Map<string, Balance>()

  /** The one-way position, or in hedge mode the side that is held. */
  position(inst: Inst): Position | undefined {
    const both = this.#positions.get(`${inst} both`)
    if (both !== undefined) return both
    const sides = [this.#positions.get(`${inst} long`), this.#positions.get(`${inst} short`)]
    return sides.find((position) => position !== undefined && Number(position.size) !== 0) ?? sides[0] ?? sides[1]
  }

  positions(): Position[] {
    return [...this.#positions.values()]
  }

  balance(asset: string): Balance | undefined {
    return this.#balances.get(asset)
  }

  balances(): Balance[] {
    return [...this.#balances.values()]
  }

  event(event: AccBalPos | AccPos): JournalRecord[] {
    if (event.kind === "accPos") {
      return event.isImage ? this.image(event.positions, event.timestamp) : this.#takePositions(event.positions)
    }
    return [...this.takeBalances(event.balances), ...this.#takePositions(event.positions)]
  }

  takeBalances(balances: readonly Balance[]): JournalRecord[] {
    return balances.filter((balance) => this.#isNews(balance)).map((balance) => ({ kind: "balance", balance }))
  }

  /** All positions as of `askedAt` (venue's time): what is not among them is flat. */
  image(positions: readonly Position[], askedAt: number): JournalRecord[] {
    const listed = new Set(positions.map(keyOf))
    const all = [...positions]
    for (const known of this.#positions.values()) {
      if (listed.has(keyOf(known)) || known.timestamp >= askedAt || Number(known.size) === 0) continue
      all.push({ ...known, size: "0", unrealizedPnl: "0", timestamp: askedAt })
    }
    return this.#takePositions(all)
  }

  #takePositions(positions: readonly Position[]): JournalRecord[] {
    const news: JournalRecord[] = []
    for (const position of positions) {
      const known = this.#positions.get(keyOf(position))
      if (known !== undefined && (known.timestamp > position.timestamp || isSame(known, position))) continue
      this.#positions.set(keyOf(position), position)
      news.push({ kind: "position", position })
    }
    return news
  }

  #isNews(balance: Balance): boolean {
    const known = this.#balances.get(balance.asset)
    if (known !== undefined && known.timestamp > balance.timestamp) return false
    this.#balances.set(balance.asset, balance)
    return true
  }
}

/** One frame may tell of a position twice. */
const isSame = (a: Position, b: Position): boolean =>
  a.timestamp === b.timestamp && a.size === b.size && a.avgPrice === b.avgPrice && a.unrealizedPnl === b.unrealizedPnl

const keyOf = (position: Position): string => `${position.inst} ${position.side}`
