import { entryText, leverageDefault, type Position, positionOf, unrealized } from "../../matching/account.ts"
import { moneyText } from "../../matching/instrument.ts"
import type { Exchange } from "./exchange.ts"
import type { Member } from "./member.ts"
import { find, pitOf } from "./orders.ts"
import type { Params } from "./params.ts"
import type { Pit } from "./pit.ts"
import { refusal } from "./refusal.ts"
import { fillText, orderText } from "./render.ts"

export type MemberHandler = (exchange: Exchange, member: Member, params: Params) => string

const leverageOf = (member: Member, symbol: string): number => member.account.leverage.get(symbol) ?? leverageDefault
const leverageNotionalMax = "100000000"

function pitsOf(exchange: Exchange, params: Params): readonly Pit[] {
  return params.get("symbol") === undefined ? [...exchange.pits.values()] : [pitOf(exchange, params)]
}

// ---- orders and fills ----

export const openOrders: MemberHandler = (exchange, member, params) => {
  const symbol = params.get("symbol") === undefined ? undefined : pitOf(exchange, params).listing.symbol
  const orders = [...member.account.open.values()].filter((order) => symbol === undefined || order.symbol === symbol)
  return `[${orders.map((order) => orderText(order, exchange.pits.get(order.symbol)!, "queried")).join(",")}]`
}

/** GET /fapi/v1/openOrder: "If the queried order has been filled or cancelled, the error message 'Order does not exist' is returned". */
export const openOrder: MemberHandler = (exchange, member, params) => {
  const pit = pitOf(exchange, params)
  const order = find(member, params, pit)
  if (order?.status !== "open") throw refusal(-2013)
  return orderText(order, pit, "queried")
}

/** From an order id on, oldest first; else the latest within the span. */
export const allOrders: MemberHandler = (exchange, member, params) => {
  const pit = pitOf(exchange, params)
  const { start, end } = params.span()
  const from = params.id("orderId")
  const limit = params.limit(500, 1000)
  const found = [...member.account.orders.values()].filter((order) => {
    const ms = order.createdAt / 1000
    return order.symbol === pit.listing.symbol && ms >= start && ms <= end && (from === undefined || order.id >= from)
  })
  const chosen = from === undefined && start === 0 ? found.slice(-limit) : found.slice(0, limit)
  return `[${chosen.map((order) => orderText(order, pit, "queried")).join(",")}]`
}

export const userTrades: MemberHandler = (exchange, member, params) => {
  const pit = pitOf(exchange, params)
  const { start, end } = params.span()
  const [from, orderId] = [params.id("fromId"), params.id("orderId")]
  const limit = params.limit(500, 1000)
  const found = member.account.fills.filter(({ trade, order }) => {
    const ms = trade.at / 1000
    if (order.symbol !== pit.listing.symbol || ms < start || ms > end) return false
    return (from === undefined || trade.id >= from) && (orderId === undefined || order.id === orderId)
  })
  const chosen = from === undefined && start === 0 ? found.slice(-limit) : found.slice(0, limit)
  return `[${chosen.map((fill) => fillText(fill, pit)).join(",")}]`
}

// ---- balances and positions ----

interface Money {
  readonly asset: string
  readonly wallet: bigint
  readonly unrealized: bigint
  readonly positionMargin: bigint
  readonly orderMargin: bigint
  readonly maintenance: bigint
  readonly available: bigint
}

/** Margin of the position alone; what is above it in the account's margin is for open orders. */
function positionMargin(exchange: Exchange, member: Member, position: Position, pit: Pit): bigint {
  const notional =
    BigInt(Math.abs(position.lots)) * BigInt(exchange.engine.mark(position.symbol)) * pit.listing.moneyUnit
  return notional / BigInt(leverageOf(member, position.symbol))
}

const maintenanceOf = (exchange: Exchange, position: Position, pit: Pit): bigint =>
  (BigInt(Math.abs(position.lots)) * BigInt(exchange.engine.mark(position.symbol)) * pit.listing.moneyUnit) / 250n

/** Profit and margin are counted in USDT, the quote of every instrument here. */
function moneyOfAsset(exchange: Exchange, member: Member, asset: string): Money {
  const { engine } = exchange
  const { account } = member
  const wallet = account.wallet.get(asset) ?? 0n
  const idle = {
    asset,
    wallet,
    unrealized: 0n,
    positionMargin: 0n,
    orderMargin: 0n,
    maintenance: 0n,
    available: wallet,
  }
  if (![...exchange.pits.values()].some((pit) => pit.listing.quote === asset)) return idle
  let [position, maintenance] = [0n, 0n]
  for (const each of account.positions.values()) {
    const pit = exchange.pits.get(each.symbol)!
    position += positionMargin(exchange, member, each, pit)
    maintenance += maintenanceOf(exchange, each, pit)
  }
  const orderMargin = engine.margin(account) - position
  const available = engine.available(account, asset)
  const held = orderMargin > 0n ? orderMargin : 0n
  return {
    ...idle,
    unrealized: engine.unrealized(account),
    positionMargin: position,
    orderMargin: held,
    maintenance,
    available,
  }
}

const monies = (exchange: Exchange, member: Member): Money[] =>
  [...member.account.wallet.keys()].map((asset) => moneyOfAsset(exchange, member, asset))

export const balance: MemberHandler = (exchange, member) =>
  JSON.stringify(
    monies(exchange, member).map((money) => ({
      accountAlias: "SgsR",
      asset: money.asset,
      balance: moneyText(money.wallet),
      crossWalletBalance: moneyText(money.wallet),
      crossUnPnl: moneyText(money.unrealized),
      availableBalance: moneyText(money.available),
      maxWithdrawAmount: moneyText(money.available),
      marginAvailable: true,
      updateTime: exchange.ms,
    })),
  )

const assetFields = (money: Money, ms: number) => ({
  asset: money.asset,
  walletBalance: moneyText(money.wallet),
  unrealizedProfit: moneyText(money.unrealized),
  marginBalance: moneyText(money.wallet + money.unrealized),
  maintMargin: moneyText(money.maintenance),
  initialMargin: moneyText(money.positionMargin + money.orderMargin),
  positionInitialMargin: moneyText(money.positionMargin),
  openOrderInitialMargin: moneyText(money.orderMargin),
  crossWalletBalance: moneyText(money.wallet),
  crossUnPnl: moneyText(money.unrealized),
  availableBalance: moneyText(money.available),
  maxWithdrawAmount: moneyText(money.available),
  marginAvailable: true,
  updateTime: ms,
})

function totals(assets: readonly Money[]) {
  const money = assets.find(({ asset }) => asset === "USDT") ?? assets[0]
  if (money === undefined) return {}
  return {
    totalInitialMargin: moneyText(money.positionMargin + money.orderMargin),
    totalMaintMargin: moneyText(money.maintenance),
    totalWalletBalance: moneyText(money.wallet),
    totalUnrealizedProfit: moneyText(money.unrealized),
    totalMarginBalance: moneyText(money.wallet + money.unrealized),
    totalPositionInitialMargin: moneyText(money.positionMargin),
    totalOpenOrderInitialMargin: moneyText(money.orderMargin),
    totalCrossWalletBalance: moneyText(money.wallet),
    totalCrossUnPnl: moneyText(money.unrealized),
    availableBalance: moneyText(money.available),
    maxWithdrawAmount: moneyText(money.available),
  }
}

function positionFields(exchange: Exchange, member: Member, pit: Pit) {
  const of = pit.listing
  const position = positionOf(member.account, of.symbol)
  const mark = exchange.engine.mark(of.symbol)
  const notional = BigInt(position.lots) * BigInt(mark) * of.moneyUnit
  const margin = positionMargin(exchange, member, position, pit)
  const total = exchange.engine.marginOf(member.account, of.symbol)
  return {
    symbol: of.symbol,
    positionSide: "BOTH",
    positionAmt: pit.size(position.lots),
    entryPrice: entryText(position, of, of.price.places + 3),
    breakEvenPrice: entryText(position, of, of.price.places + 3),
    markPrice: pit.markText(),
    unRealizedProfit: moneyText(unrealized(position, of, mark)),
    liquidationPrice: "0",
    isolatedMargin: "0",
    notional: moneyText(notional),
    marginAsset: of.quote,
    isolatedWallet: "0",
    initialMargin: moneyText(total > margin ? total : margin),
    maintMargin: moneyText(maintenanceOf(exchange, position, pit)),
    positionInitialMargin: moneyText(margin),
    openOrderInitialMargin: moneyText(total > margin ? total - margin : 0n),
    updateTime: Math.floor(position.updatedAt / 1000),
  }
}

/** Symbols with a position or an open order: what v3 lists. */
function activePits(exchange: Exchange, member: Member, params: Params): readonly Pit[] {
  const ordered = new Set([...member.account.open.values()].map((order) => order.symbol))
  return pitsOf(exchange, params).filter(
    ({ listing }) => ordered.has(listing.symbol) || (member.account.positions.get(listing.symbol)?.lots ?? 0) !== 0,
  )
}

export const positionRiskV3: MemberHandler = (exchange, member, params) => {
  const more = { adl: 1, bidNotional: "0", askNotional: "0" }
  return JSON.stringify(
    activePits(exchange, member, params).map((pit) => Object.assign(positionFields(exchange, member, pit), more)),
  )
}

export const positionRiskV2: MemberHandler = (exchange, member, params) =>
  JSON.stringify(
    pitsOf(exchange, params).map((pit) => {
      const fields = positionFields(exchange, member, pit)
      const { symbol } = pit.listing
      return {
        symbol,
        positionAmt: fields.positionAmt,
        entryPrice: fields.entryPrice,
        breakEvenPrice: fields.breakEvenPrice,
        markPrice: fields.markPrice,
        unRealizedProfit: fields.unRealizedProfit,
        liquidationPrice: "0",
        leverage: String(leverageOf(member, symbol)),
        maxNotionalValue: leverageNotionalMax,
        marginType: member.marginType(symbol),
        isolatedMargin: "0.00000000",
        isAutoAddMargin: "false",
        positionSide: "BOTH",
        notional: fields.notional,
        isolatedWallet: "0",
        updateTime: fields.updateTime,
      }
    }),
  )

export const accountV3: MemberHandler = (exchange, member, params) => {
  const assets = monies(exchange, member)
  const positions = activePits(exchange, member, params).map((pit) => {
    const fields = positionFields(exchange, member, pit)
    return {
      symbol: fields.symbol,
      positionSide: fields.positionSide,
      positionAmt: fields.positionAmt,
      unrealizedProfit: fields.unRealizedProfit,
      isolatedMargin: fields.isolatedMargin,
      notional: fields.notional,
      isolatedWallet: fields.isolatedWallet,
      initialMargin: fields.initialMargin,
      maintMargin: fields.maintMargin,
      updateTime: fields.updateTime,
    }
  })
  return JSON.stringify({
    ...totals(assets),
    assets: assets.map((money) => assetFields(money, exchange.ms)),
    positions,
  })
}

export const accountV2: MemberHandler = (exchange, member) => {
  const assets = monies(exchange, member)
  const positions = [...exchange.pits.values()].map((pit) => {
    const fields = positionFields(exchange, member, pit)
    const { symbol } = pit.listing
    return {
      symbol,
      initialMargin: fields.initialMargin,
      maintMargin: fields.maintMargin,
      unrealizedProfit: fields.unRealizedProfit,
      positionInitialMargin: fields.positionInitialMargin,
      openOrderInitialMargin: fields.openOrderInitialMargin,
      leverage: String(leverageOf(member, symbol)),
      isolated: member.marginType(symbol) === "isolated",
      entryPrice: fields.entryPrice,
      breakEvenPrice: fields.breakEvenPrice,
      maxNotional: leverageNotionalMax,
      bidNotional: "0",
      askNotional: "0",
      positionSide: "BOTH",
      positionAmt: fields.positionAmt,
      notional: fields.notional,
      isolatedWallet: "0",
      updateTime: fields.updateTime,
    }
  })
  return JSON.stringify({
    feeTier: 0,
    feeBurn: true,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
    ...totals(assets),
    assets: assets.map((money) => assetFields(money, exchange.ms)),
    positions,
  })
}

// ---- configuration ----

export const accountConfig: MemberHandler = (_exchange, member) =>
  `{"feeTier":0,"canTrade":true,"canDeposit":true,"canWithdraw":true,"dualSidePosition":${member.isHedge},"updateTime":0,"multiAssetsMargin":false,"tradeGroupId":-1}`

export const symbolConfig: MemberHandler = (exchange, member, params) =>
  JSON.stringify(
    pitsOf(exchange, params).map(({ listing: { symbol } }) => ({
      symbol,
      marginType: member.isolated.has(symbol) ? "ISOLATED" : "CROSSED",
      isAutoAddMargin: false,
      leverage: leverageOf(member, symbol),
      maxNotionalValue: leverageNotionalMax,
    })),
  )

const rate = (ppm: number): string => (ppm / 1e6).toFixed(6)

export const commissionRate: MemberHandler = (exchange, _member, params) => {
  const { symbol, makerFeePpm, takerFeePpm } = pitOf(exchange, params).listing
  return `{"symbol":"${symbol}","makerCommissionRate":"${rate(makerFeePpm)}","takerCommissionRate":"${rate(takerFeePpm)}","rpiCommissionRate":"${rate(makerFeePpm)}"}`
}

export const leverageBracket: MemberHandler = (exchange, _member, params) =>
  JSON.stringify(
    pitsOf(exchange, params).map(({ listing: { symbol, leverageMax } }) => ({
      symbol,
      brackets: [
        {
          bracket: 1,
          initialLeverage: leverageMax,
          notionalCap: Number(leverageNotionalMax),
          notionalFloor: 0,
          maintMarginRatio: 0.004,
          cum: 0.0,
        },
      ],
    })),
  )

export const setLeverage: MemberHandler = (exchange, member, params) => {
  const { symbol, leverageMax } = pitOf(exchange, params).listing
  const leverage = params.needInt("leverage")
  if (leverage < 1 || leverage > leverageMax) throw refusal(-4028, String(leverage))
  member.account.leverage.set(symbol, leverage)
  exchange.tellLeverage(member, symbol, leverage)
  return `{"leverage":${leverage},"maxNotionalValue":"${leverageNotionalMax}","symbol":"${symbol}"}`
}

export const setMarginType: MemberHandler = (exchange, member, params) => {
  const { symbol } = pitOf(exchange, params).listing
  const type = params.need("marginType")
  if (type !== "ISOLATED" && type !== "CROSSED") throw refusal(-1130, "marginType")
  if ((type === "ISOLATED") === member.isolated.has(symbol)) throw refusal(-4046)
  if ([...member.account.open.values()].some((order) => order.symbol === symbol)) throw refusal(-4047)
  if ((member.account.positions.get(symbol)?.lots ?? 0) !== 0) throw refusal(-4048)
  if (type === "ISOLATED") member.isolated.add(symbol)
  else member.isolated.delete(symbol)
  return '{"code":200,"msg":"success"}'
}

export const positionMode: MemberHandler = (_exchange, member) => `{"dualSidePosition":${member.isHedge}}`

/** One-way only: the other mode is an operation this venue does not support. */
export const setPositionMode: MemberHandler = (_exchange, _member, params) => {
  params.need("dualSidePosition")
  throw refusal(params.flag("dualSidePosition") ? -1020 : -4059)
}

export const assetsMode: MemberHandler = () => '{"multiAssetsMargin":false}'

export const setAssetsMode: MemberHandler = (_exchange, _member, params) => {
  params.need("multiAssetsMargin")
  throw refusal(params.flag("multiAssetsMargin") ? -1020 : -4171)
}

// ---- listen keys ----

export const openListenKey: MemberHandler = (exchange, member) => `{"listenKey":"${exchange.listenKey(member)}"}`

export const keepListenKey: MemberHandler = (exchange, member) => {
  if (member.listenKey === undefined) throw refusal(-1125)
  return `{"listenKey":"${exchange.listenKey(member)}"}`
}

export const closeListenKey: MemberHandler = (exchange, member) => {
  if (member.listenKey !== undefined) exchange.users.end(member.listenKey.key)
  member.listenKey = undefined
  return "{}"
}
