// Trades at random, every way there is: takes, rests, amends, cancels. Makes no money.
import {
  book,
  bot,
  type Bot,
  compare,
  type Context,
  fromNumber,
  type InstrumentInfo,
  orders,
  priceOnTick,
  schedule,
  type Side,
} from "perigee"

export const INST = "BTC_USDT_PERP"

/** What the test sees of it and says to it, whatever its process goes through. */
export interface Mood {
  trades: boolean
  submitted: number
  /** Answers a strategy waits for, by what was asked; of the present life. */
  readonly waiting: Map<string, number>
  /** Size of the order that this submission (from 1) makes, instead of the drawn one. */
  odd?: { readonly submission: number; readonly size: string }
}

export const newMood = (): Mood => ({ trades: true, submitted: 0, waiting: new Map() })

const POSITION_MAX = "0.05"

export function trader(mood: Mood): Bot {
  const depth = book("binance-um", [INST], { everyMs: 0 })
  const tick = schedule({ everyMs: 150 })
  const router = orders("binance-um")
  mood.waiting.clear()

  const waitFor = (what: string, answer: Promise<unknown>): void => {
    mood.waiting.set(what, (mood.waiting.get(what) ?? 0) + 1)
    void answer.finally(() => mood.waiting.set(what, (mood.waiting.get(what) ?? 0) - 1))
  }

  return bot({ name: "trader", account: "exclusive", limits: { openOrdersMax: 12 } })
    .task(depth)
    .task(tick)
    .task(router)
    .strategy(
      {
        onSchedule(_, ctx) {
          const info = ctx.instrument(INST)
          const view = ctx.book(INST)
          if (!mood.trades || info === undefined || view.state !== "live") return
          const best = view.best()
          if (best === undefined) return
          const draw = ctx.random()
          const open = ctx.openOrders(INST).filter(({ state }) => state === "open")
          const one = open[Math.floor(ctx.random() * open.length)]
          if (draw < 0.12 && one !== undefined) waitFor("cancel", ctx.cancel(router, one.clientId))
          else if (draw < 0.3 && one !== undefined) {
            const touch = one.side === "BUY" ? best.bidPrice - ctx.random() * 20 : best.askPrice + ctx.random() * 20
            const price = priceOnTick(info, one.side, fromNumber(touch))
            waitFor("amend", ctx.amend(router, { clientId: one.clientId, price, size: sizeOf(ctx.random()) }))
          } else place(ctx as never, info, best)
        },
      },
      { on: [tick] },
    ) as unknown as Bot

  function place(ctx: Context, info: InstrumentInfo, best: { bidPrice: number; askPrice: number }): void {
    const { own } = ctx.position(INST)
    const isLong = compare(own, POSITION_MAX) > 0
    const isShort = compare(own, `-${POSITION_MAX}`) < 0
    const side: Side = isLong ? "SELL" : isShort || ctx.random() < 0.5 ? "BUY" : "SELL"
    const away = { ioc: -30, "post-only": ctx.random() * 3, gtc: ctx.random() * 20 - 5 }
    const draw = ctx.random()
    const timeInForce = draw < 0.4 ? "ioc" : draw < 0.75 ? "post-only" : "gtc"
    const near = side === "BUY" ? best.bidPrice - away[timeInForce] : best.askPrice + away[timeInForce]
    const drawn = sizeOf(ctx.random())
    const size = mood.odd?.submission === mood.submitted + 1 ? mood.odd.size : drawn
    const price = priceOnTick(info, side, fromNumber(near))
    const submission = ctx.submit(router, { inst: INST, side, size, price, timeInForce })
    if (submission.kind !== "submitted") return
    mood.submitted++
    waitFor("submit", submission.ack)
  }
}

const sizeOf = (draw: number): string => (0.002 + Math.floor(draw * 9) / 1_000).toFixed(3)
