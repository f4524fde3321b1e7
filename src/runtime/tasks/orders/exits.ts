import { absolute, compare, type Decimal, floorTo, isNegative, isZero, minus } from "../../domain/decimal.ts"
import type { Inst } from "../../domain/inst.ts"
import type { InstrumentInfo } from "../../domain/instrument.ts"
import type { OrderAck } from "../../domain/operation.ts"
import { isFinal, type OrderRequest } from "../../domain/order.ts"
import type { Outcome } from "../../domain/outcome.ts"
import type { Clock, Venue } from "../../ports.ts"
import type { RestClient } from "../rest.ts"
import type { Submission } from "../task.ts"
import type { Desk } from "./desk.ts"
import type { Resolver } from "./resolver.ts"

export interface ExitsDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly clock: Clock
  readonly desk: Desk
  readonly resolver: Resolver
  readonly isExclusive: boolean
  readonly instrument: (inst: Inst) => InstrumentInfo | undefined
  readonly cancel: (clientId: string) => Promise<Outcome<OrderAck>>
  /** Passes the rules of an exit instead of those of trading. */
  readonly submitExit: (request: OrderRequest) => Submission
}

/** Ends are waited for so long, and looked at so often. */
const END_MS_MAX = 10_000
const LOOK_MS = 50

/** Getting out: every order canceled, every position traded away. What may be touched depends on whose the account is. */
export class Exits {
  readonly #deps: ExitsDeps

  constructor(deps: ExitsDeps) {
    this.#deps = deps
  }

  /** Resolves when every own order has ended, or cannot be seen to end in time (reported). */
  async cancelAll(): Promise<void> {
    const { desk, isExclusive, venue } = this.#deps
    if (isExclusive && venue.operations.includes("cancelAll")) await this.#cancelVenueWide()
    else await Promise.all(desk.ledger.live().map(({ clientId }) => this.#deps.cancel(clientId)))
    await this.#ended(desk.ledger.live().map(({ clientId }) => clientId))
  }

  /**
   * Cancels first, so that nothing fills behind its back; then trades away the bot's own net (the account's whole
   * position where it is the bot's alone) with reduce-only market orders.
   */
  async flatten(): Promise<void> {
    await this.cancelAll()
    const { desk, isExclusive } = this.#deps
    const held = desk.account.positions().map(({ inst }) => inst)
    const insts = new Set([...desk.holdings.insts(), ...(isExclusive ? held : [])])
    const sent: string[] = []
    for (const inst of insts) {
      const account = isExclusive ? desk.account.position(inst)?.size : undefined
      sent.push(...this.#close(inst, account ?? desk.holdings.own(inst)))
    }
    await this.#ended(sent)
  }

  async #cancelVenueWide(): Promise<void> {
    const { desk, rest, resolver } = this.#deps
    const openOrders = await rest.call("openOrders", {}, { priority: "cancel" })
    const there = openOrders.kind === "accepted" ? openOrders.value.map(({ inst }) => inst) : []
    const mine = desk.ledger.live()
    for (const inst of new Set([...mine.map(({ inst }) => inst), ...there])) {
      const outcome = await rest.call("cancelAll", { inst })
      if (outcome.kind === "accepted") continue
      const why = outcome.kind === "refused" ? outcome.reason : outcome.why
      desk.trouble("cancel-all", `not every order of ${inst} may be canceled: ${why}`, { inst })
    }
    // The stream tells of each; where it does not, they are asked for.
    for (const { clientId } of mine) resolver.ask(clientId, "cancel-all")
  }

  #close(inst: Inst, net: Decimal): string[] {
    const { desk, instrument } = this.#deps
    const info = instrument(inst)
    const sent: string[] = []
    if (isZero(net)) return sent
    let left = info === undefined ? absolute(net) : floorTo(absolute(net), info.lotSize)
    while (!isZero(left)) {
      const most = info?.marketSizeMax
      const size = most !== undefined && compare(left, most) > 0 ? most : left
      const side = isNegative(net) ? "BUY" : "SELL"
      const submission = this.#deps.submitExit({ inst, side, size, type: "market", reduceOnly: true })
      if (submission.kind === "refused") {
        desk.trouble("flatten", `${size} of ${inst} stays: ${submission.reasons.join("; ")}`, { inst, size })
        return sent
      }
      sent.push(submission.clientId)
      void submission.ack.then((outcome) => {
        if (outcome.kind === "refused")
          desk.trouble("flatten", `${size} of ${inst} stays: ${outcome.reason}`, { inst, size })
      })
      left = minus(left, size)
    }
    return sent
  }

  async #ended(clientIds: readonly string[]): Promise<void> {
    const { clock, desk } = this.#deps
    const open = (): string[] =>
      clientIds.filter((clientId) => {
        const order = desk.ledger.order(clientId)
        return order !== undefined && !isFinal(order.state)
      })
    const giveUpAt = clock.monotonic() + END_MS_MAX * 1_000
    while (open().length > 0 && clock.monotonic() < giveUpAt) {
      await new Promise<void>((resolve) => clock.timer(LOOK_MS, resolve))
    }
    if (open().length === 0) return
    desk.trouble("exit incomplete", `${open().length} orders have not ended`, { clientIds: open() })
  }
}
