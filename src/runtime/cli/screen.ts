import type { Machine } from "../../world/entrance.ts"
import type { World } from "../../world.ts"
import type { StateImage } from "../http/deps.ts"
import { counted, netWords } from "./summary.ts"

/** Shows a running bot in the terminal: redrawn in place, or a line a second where nobody can watch. */
export class Screen {
  readonly #machine: Machine
  readonly #title: string
  #drawn = 0
  #lines = 0

  constructor(machine: Machine, title: string) {
    this.#machine = machine
    this.#title = title
  }

  show(world: World, readyMs: number | undefined): void {
    const image = world.image()
    if (!this.#machine.isInteractive) return this.#line(world, image)
    const rows = [...this.#head(world, readyMs), ...bookRows(image), ...moneyRows(image, world), ...orderRows(image)]
    const width = Math.max(40, this.#machine.columns - 1)
    const clear = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}F\u001b[J`
    this.#machine.out(`${clear}${rows.map((row) => row.slice(0, width)).join("\n")}\n`)
    this.#drawn = rows.length
  }

  #head(world: World, readyMs: number | undefined): string[] {
    const reasons = world.reasons()
    const state = readyMs === undefined ? "getting ready" : reasons.length === 0 ? "trading" : "not safe to trade"
    const why = reasons.length === 0 ? "" : `: ${reasons[0]}`
    const where = world.address === undefined ? "" : `   ${world.address}`
    return [`${this.#title}   ${state}${why}${where}`, ""]
  }

  /** One line in eight, so that a log of it stays readable. */
  #line(world: World, image: StateImage): void {
    if (this.#lines++ % 4 !== 0) return
    const { events, orders, fills, pnlTotals } = world.stats()
    const book = image.books[0]
    const top =
      book?.bid === undefined || book.ask === undefined ? (book?.state ?? "") : `${book.bid[0]} / ${book.ask[0]}`
    this.#machine.out(
      `${book?.inst ?? ""} ${top}  events ${events}  orders ${orders}  fills ${fills}  PnL ${netWords(pnlTotals)}\n`,
    )
  }
}

function bookRows({ books }: StateImage): string[] {
  const rows = books.map(({ inst, bid, ask, state, why }) => {
    if (bid === undefined || ask === undefined)
      return `  ${inst.padEnd(20)} ${state}${why === undefined ? "" : `: ${why}`}`
    const touch = `${size(bid[1])} @ ${bid[0]}  |  ${ask[0]} @ ${size(ask[1])}`
    return `  ${inst.padEnd(20)} ${touch}`
  })
  return rows.length === 0 ? [] : ["book", ...rows, ""]
}

const size = (value: number): string => value.toFixed(3)

function moneyRows(image: StateImage, world: World): string[] {
  const { events, predictions, orders, fills, pnlTotals, bookGaps } = world.stats()
  const counts: readonly [number, string][] = [
    [events, "event"],
    [predictions, "prediction"],
    [orders, "order"],
    [fills, "fill"],
    [bookGaps, "gap"],
  ]
  const [latency] = image.latencies
  const positions = image.positions.map(
    ({ inst, own, avgPrice }) =>
      `${inst} ${own}${own === "0" || avgPrice === undefined ? "" : ` at ${round(avgPrice)}`}`,
  )
  return [
    `position  ${positions.join("  ") || "none"}`,
    `PnL       ${netWords(pnlTotals)}   fees ${pnlTotals.map(({ fees, quote }) => `${round(fees)} ${quote}`).join(", ") || "0.00"}`,
    `counts    ${counts.map(([count, what]) => counted(count, what)).join("  ")}`,
    latency === undefined
      ? ""
      : `latency   frame to handler p50 ${us(latency.p50Us)}  p99 ${us(latency.p99Us)}  p99.9 ${us(latency.p999Us)}`,
    "",
  ]
}

const round = (text: string | number): string => Number(text).toFixed(2)
const us = (value: number): string => (value < 1_000 ? `${value.toFixed(1)} µs` : `${(value / 1_000).toFixed(1)} ms`)

const ORDERS_SHOWN = 6

function orderRows({ orders }: StateImage): string[] {
  const rows = orders.slice(0, ORDERS_SHOWN).map(({ side, size: wanted, inst, price, state, filled, timeInForce }) => {
    const at = price === undefined ? "at market" : `at ${price}`
    return `  ${side.padEnd(4)} ${wanted} ${inst} ${at} ${timeInForce.padEnd(9)} ${state}${filled === "0" ? "" : `, ${filled} filled`}`
  })
  return ["orders", ...rows, ...Array.from({ length: ORDERS_SHOWN - rows.length }, () => "")]
}
