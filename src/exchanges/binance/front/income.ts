import { moneyText } from "../../matching/instrument.ts"
import type { MemberHandler } from "./rest-account.ts"
import { pitOf } from "./orders.ts"
import { refusal } from "./refusal.ts"

/** Kinds of income that the venue names; of these, trading and holding bring three here. */
const KINDS = [
  "TRANSFER",
  "WELCOME_BONUS",
  "REALIZED_PNL",
  "FUNDING_FEE",
  "COMMISSION",
  "INSURANCE_CLEAR",
  "REFERRAL_KICKBACK",
  "COMMISSION_REBATE",
  "API_REBATE",
  "CONTEST_REWARD",
  "CROSS_COLLATERAL_TRANSFER",
  "OPTIONS_PREMIUM_FEE",
  "OPTIONS_SETTLE_PROFIT",
  "INTERNAL_TRANSFER",
  "AUTO_EXCHANGE",
  "DELIVERED_SETTELMENT",
  "COIN_SWAP_DEPOSIT",
  "COIN_SWAP_WITHDRAW",
  "POSITION_LIMIT_INCREASE_FEE",
  "STRATEGY_UMFUTURES_TRANSFER",
  "FEE_RETURN",
  "BFUSD_REWARD",
] as const
type Kind = (typeof KINDS)[number]

const isKind = (word: string): word is Kind => (KINDS as readonly string[]).includes(word)

const dayMs = 86_400_000

interface Row {
  readonly symbol: string
  readonly kind: Kind
  readonly income: bigint
  readonly asset: string
  readonly ms: number
  readonly id: bigint
  readonly tradeId: string
}

/**
 * GET /fapi/v1/income ("Get Income History", read 2026-11-22): both ends of the span belong to it, without either the latest
 * seven days, three months at most; oldest first. A transaction id is unique among one kind.
 */
export const income: MemberHandler = (exchange, member, params) => {
  const kind = params.get("incomeType")
  if (kind !== undefined && !isKind(kind)) throw refusal(-1130, "incomeType")
  const symbol = params.get("symbol") === undefined ? undefined : pitOf(exchange, params).listing.symbol
  const span = params.span()
  const isOpen = params.get("startTime") === undefined && params.get("endTime") === undefined
  const start = Math.max(span.start, exchange.ms - (isOpen ? 7 : 90) * dayMs)
  const limit = params.limit(100, 1000)
  const page = Math.max(1, params.int("page") ?? 1)
  const rows: Row[] = member.funding.map((each) => ({ ...each, kind: "FUNDING_FEE", tradeId: "" }))
  for (const { trade, order, fee, realized } of member.account.fills) {
    const asset = exchange.pits.get(order.symbol)!.listing.quote
    const of = { symbol: order.symbol, asset, ms: Math.floor(trade.at / 1000), id: trade.id, tradeId: String(trade.id) }
    if (realized !== 0n) rows.push({ ...of, kind: "REALIZED_PNL", income: realized })
    rows.push({ ...of, kind: "COMMISSION", income: -fee })
  }
  const found = rows
    .filter((row) => (kind === undefined || row.kind === kind) && (symbol === undefined || row.symbol === symbol))
    .filter(({ ms }) => ms >= start && ms <= span.end)
    .sort((a, b) => a.ms - b.ms)
  return `[${found
    .slice((page - 1) * limit, page * limit)
    .map(text)
    .join(",")}]`
}

const text = ({ symbol, kind, income: amount, asset, ms, id, tradeId }: Row): string =>
  `{"symbol":"${symbol}","incomeType":"${kind}","income":"${moneyText(amount)}","asset":"${asset}","info":"${kind}",` +
  `"time":${ms},"tranId":${id},"tradeId":"${tradeId}"}`
