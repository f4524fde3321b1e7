import { absolute, compare, type Decimal, floorTo, isNegative, isZero, minus, plus } from "../../domain/decimal.ts"
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
/** What was refused without effect is asked for again for so long, so often. */
const INSIST_MS_MAX = 5_000
const AGAIN_MS = 250

/** Getting out: every order canceled, every position traded away. What may be touched depends on whose the account is. */
export class Exits {
  readonly #deps: ExitsDeps
  #flattening: Promise<void> | undefined
  #another: Promise<void> | undefined

  constructor(deps: ExitsDeps) {
    this.#deps = deps
  }

  /** Resolves when every own order has ended, or cannot be seen to end in time (reported). */
  async cancelAll(): Promise<void> {
    const { desk, isExclusive, venue } = this.#deps
    if (isExclusive && venue.operations.includes("cancelAll")) await this.#cancelVenueWide()
    else await Promise.all(desk.ledger.live().map(({ clientId }) => this.#cancel(clientId)))
    await this.#ended(desk.ledger.live().map(({ clientId }) => clientId))
  }

  /**
   * Cancels first, so that nothing fills behind its back; then trades away the bot's own net (the account's whole
   * position where it is the bot's alone) with reduce-only market orders. One at a time: two that each sold what is there
   * would turn it around. Who asks meanwhile is served right after, for there may be a position again.
   */
  flatten(): Promise<void> {
    const again = (): Promise<void> => {
      this.#another = undefined
      return this.flatten()
    }
    if (this.#flattening !== undefined) return (this.#another ??= this.#flattening.then(again, again))
    return (this.#flattening = this.#flatten().finally(() => (this.#flattening = undefined)))
  }

  async #flatten(): Promise<void> {
    await this.cancelAll()
    const { desk, isExclusive } = this.#deps
    const { account, holdings, ledger } = desk
    const held = account.positions().map(({ inst }) => inst)
    const traded = [...holdings.insts(), ...ledger.gaps().map(({ inst }) => inst)]
    const exits = [...new Set([...traded, ...(isExclusive ? held : [])])].flatMap((inst) => {
      const whole = isExclusive ? account.position(inst)?.size : undefined
      return this.#close(inst, whole ?? plus(holdings.own(inst), ledger.missing(inst)))
    })
    await this.#ended((await Promise.all(exits)).flat())
  }

  /** Most requests that are refused here were never sent: their connection was lost, or there was no room in time. */
  async #insist<T>(ask: () => Promise<Outcome<T>>, isOver: () => boolean = () => false): Promise<Outcome<T>> {
    const { clock } = this.#deps
    const giveUpAt = clock.monotonic() + INSIST_MS_MAX * 1_000
    for (;;) {
      const outcome = await ask()
      if (!isWorthAsking(outcome) || isOver() || clock.monotonic() >= giveUpAt) return outcome
      await new Promise<void>((resolve) => clock.timer(AGAIN_MS, resolve))
    }
  }

  #cancel(clientId: string): Promise<Outcome<OrderAck>> {
    return this.#insist(
      () => this.#deps.cancel(clientId),
      () => !this.#isLive(clientId),
    )
  }

  #isLive(clientId: string): boolean {
    const order = this.#deps.desk.ledger.order(clientId)
    return order !== undefined && !isFinal(order.state)
  }

  async #cancelVenueWide(): Promise<void> {
    const { desk, rest, resolver } = this.#deps
    const openOrders = await rest.call("openOrders", {}, { priority: "cancel" })
    const there = openOrders.kind === "accepted" ? openOrders.value.map(({ inst }) => inst) : []
    const mine = desk.ledger.live()
    for (const inst of new Set([...mine.map(({ inst }) => inst), ...there])) {
      const outcome = await this.#insist(() => rest.call("cancelAll", { inst }))
      if (outcome.kind === "accepted") continue
      const why = outcome.kind === "refused" ? outcome.reason : outcome.why
      desk.trouble("cancel-all", `not every order of ${inst} may be canceled: ${why}`, { inst })
    }
    // The stream tells of each; where it does not, they are asked for.
    for (const { clientId } of mine) resolver.ask(clientId, "cancel-all")
  }

  /** Orders that trade the net away, each within the venue's largest; their client ids, once it is known that they were sent. */
  #close(inst: Inst, net: Decimal): Promise<readonly string[]>[] {
    const info = this.#deps.instrument(inst)
    const sent: Promise<readonly string[]>[] = []
    let left = info === undefined ? absolute(net) : floorTo(absolute(net), info.lotSize)
    while (!isZero(left)) {
      const most = info?.marketSizeMax
      const size = most !== undefined && compare(left, most) > 0 ? most : left
      sent.push(this.#exit({ inst, side: isNegative(net) ? "BUY" : "SELL", size, type: "market", reduceOnly: true }))
      left = minus(left, size)
    }
    return sent
  }

  /** Each time it is another order, with an id of its own; the one before certainly did nothing. */
  async #exit(request: OrderRequest): Promise<readonly string[]> {
    const { desk, submitExit } = this.#deps
    const { inst, size } = request
    const sent: string[] = []
    const outcome = await this.#insist(() => {
      const submission = submitExit(request)
      if (submission.kind === "refused") return Promise.resolve(no(submission.reasons.join("; ")))
      sent.push(submission.clientId)
      return submission.ack
    })
    if (outcome.kind === "refused")
      desk.trouble("flatten", `${size} of ${inst} stays: ${outcome.reason}`, { inst, size })
    return sent
  }

  async #ended(clientIds: readonly string[]): Promise<void> {
    const { clock, desk } = this.#deps
    const open = (): string[] => clientIds.filter((clientId) => this.#isLive(clientId))
    const giveUpAt = clock.monotonic() + END_MS_MAX * 1_000
    while (open().length > 0 && clock.monotonic() < giveUpAt) {
      await new Promise<void>((resolve) => clock.timer(LOOK_MS, resolve))
    }
    if (open().length === 0) return
    desk.trouble("exit incomplete", `${open().length} orders have not ended`, { clientIds: open() })
  }
}

const no = (reason: string): Outcome<OrderAck> => ({ kind: "refused", reason })

/** Refused for a reason that passes by itself; whatever else was refused would be refused again. */
const isWorthAsking = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === "refused" && (outcome.meaning === "not-sent" || outcome.meaning === "rate-limited")
