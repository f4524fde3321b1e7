import type { Account } from "../../matching/account.ts"
import { ordersPer10s, ordersPerMinute, Window } from "./limits.ts"

export const listenKeyLifeUs = 60 * 60 * 1_000_000

interface ListenKey {
  readonly key: string
  expiresAt: number
}

/** One settlement of funding, as the venue keeps it; above zero received. */
export interface FundingIncome {
  readonly symbol: string
  readonly income: bigint
  readonly asset: string
  readonly ms: number
  readonly id: bigint
}

/** One account with its key, as the venue's door knows it. */
export class Member {
  readonly apiKey: string
  readonly secret: string
  readonly account: Account
  readonly orders10s = new Window(10_000, ordersPer10s)
  readonly orders1m = new Window(60_000, ordersPerMinute)
  readonly isolated = new Set<string>()
  /** When all open orders of a symbol are canceled unless the countdown is set again. */
  readonly countdowns = new Map<string, number>()
  /** Oldest first. */
  readonly funding: FundingIncome[] = []
  listenKey: ListenKey | undefined
  isHedge = false

  constructor(apiKey: string, secret: string, account: Account) {
    this.apiKey = apiKey
    this.secret = secret
    this.account = account
  }

  marginType(symbol: string): "cross" | "isolated" {
    return this.isolated.has(symbol) ? "isolated" : "cross"
  }
}
