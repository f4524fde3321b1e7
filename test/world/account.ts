// An account at binance-um, asked over signed REST with other hands than the adapter's.
import { createHmac } from "node:crypto"
import type { Simulator } from "./program.ts"

// Ids are text: past 2^53 a number would not be the same id.
export interface VenueOrder {
  readonly orderId: string
  readonly clientOrderId: string
  readonly status: string
  readonly executedQty: string
  readonly updateTime: number
}

export interface VenueTrade {
  readonly id: string
  readonly orderId: string
  readonly side: string
  readonly qty: string
  readonly price: string
  readonly commission: string
}

export interface Account {
  /** Every order of the symbol ever, oldest first. */
  orders(symbol: string): Promise<VenueOrder[]>
  trades(symbol: string): Promise<VenueTrade[]>
  openOrders(symbol: string): Promise<VenueOrder[]>
  /** Above zero long. */
  position(symbol: string): Promise<number>
}

const PAGE = 1_000
/** The exchange counts what this address asks, the bot's part and the test's alike: whoever looks again and again must leave it room. */
const PAUSE_MS = 100

export function accountAt({ url, apiKey, secret }: Simulator): Account {
  let freeAt = 0

  async function call<T>(method: string, path: string, fields: Record<string, string>): Promise<T> {
    const now = performance.now()
    const waitMs = freeAt - now
    freeAt = Math.max(freeAt, now) + PAUSE_MS
    if (waitMs > 0) await Bun.sleep(waitMs)
    const query = new URLSearchParams({ ...fields, timestamp: String(Date.now()), recvWindow: "5000" }).toString()
    const signature = createHmac("sha256", secret).update(query).digest("hex")
    const headers = { "X-MBX-APIKEY": apiKey }
    const reply = await fetch(`${url}${path}?${query}&signature=${signature}`, { method, headers })
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`)
    return JSON.parse((await reply.text()).replace(/"(id|orderId)":(\d+)/g, '"$1":"$2"')) as T
  }

  const get = <T>(path: string, fields: Record<string, string>) => call<T>("GET", path, fields)

  /** Page by page from the first id on. */
  async function all<T>(path: string, symbol: string, field: string, idOf: (row: T) => string): Promise<T[]> {
    const rows: T[] = []
    for (;;) {
      const from = rows.length === 0 ? 0n : BigInt(idOf(rows.at(-1)!)) + 1n
      const page = await get<T[]>(path, { symbol, limit: String(PAGE), [field]: String(from) })
      rows.push(...page)
      if (page.length < PAGE) return rows
    }
  }

  return {
    orders: (symbol) => all<VenueOrder>("/fapi/v1/allOrders", symbol, "orderId", ({ orderId }) => orderId),
    trades: (symbol) => all<VenueTrade>("/fapi/v1/userTrades", symbol, "fromId", ({ id }) => id),
    openOrders: (symbol) => get("/fapi/v1/openOrders", { symbol }),
    async position(symbol) {
      const rows = await get<{ symbol: string; positionAmt: string }[]>("/fapi/v3/positionRisk", { symbol })
      return Number(rows.find((row) => row.symbol === symbol)?.positionAmt ?? "0")
    },
  }
}
