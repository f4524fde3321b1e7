import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Fill, Order } from "../../../src/runtime/domain/order.ts"
import type { Clock, Timer } from "../../../src/runtime/ports.ts"
import { type JournalOptions, type OpenJournal, openJournal } from "../../../src/runtime/storage/journal.ts"

/** A clock that stands until it is moved. */
export class HandClock implements Clock {
  private at: number
  private timers: { at: number; fire: () => void }[] = []
  constructor(at = 1_700_000_000_000_000) {
    this.at = at
  }
  now(): number {
    return this.at
  }
  monotonic(): number {
    return this.at
  }
  timer(delayMs: number, fire: () => void): Timer {
    const timer = { at: this.at + delayMs * 1000, fire }
    this.timers.push(timer)
    return { cancel: () => void (this.timers = this.timers.filter((other) => other !== timer)) }
  }
  defer(run: () => void): void {
    queueMicrotask(run)
  }
  /** Moves on and fires what is due, in order. */
  pass(ms: number): void {
    const until = this.at + ms * 1000
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.timers = this.timers.filter((other) => other !== next)
      this.at = next.at
      next.fire()
    }
    this.at = until
  }
}

export const IDENTITY = "0123456789"

export const clientId = (count: number): string => `${IDENTITY}000001${count.toString(16).padStart(16, "0")}`

export function order(count: number, fields: Partial<Order> = {}): Order {
  return {
    clientId: clientId(count),
    market: "binance-um",
    inst: "BTC_USDT_PERP",
    side: "BUY",
    type: "limit",
    timeInForce: "gtc",
    size: "0.003",
    price: "65000.1",
    reduceOnly: false,
    state: "pending",
    filled: "0",
    createdAt: 1_700_000_000_000_000 + count,
    updatedAt: 1_700_000_000_000_000 + count,
    expiresAt: 1_700_000_005_000_000 + count,
    ...fields,
  }
}

export function fill(count: number, fields: Partial<Fill> = {}): Fill {
  return {
    market: "binance-um",
    inst: "BTC_USDT_PERP",
    tradeId: `83897655900000${count.toString().padStart(5, "0")}`,
    orderId: "8389765590000000001",
    clientId: clientId(1),
    side: "BUY",
    price: "65000.1",
    size: "0.001",
    fee: "0.00000001",
    feeAsset: "USDT",
    isMaker: true,
    timestamp: 1_700_000_000_000_000 + count,
    ...fields,
  }
}

/** A directory that is gone with `using`. */
export function tempDirectory(): { readonly path: string; file(name?: string): string; [Symbol.dispose](): void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "perigee-storage-")))
  return {
    path,
    file: (name = "bot.db") => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

export const open = (file: string, options: Partial<JournalOptions> = {}): OpenJournal =>
  openJournal({ file, clock: new HandClock(), bot: "sample", version: "0.1.0", pid: process.pid, ...options })

/** The message of what `run` throws; fails the test where it does not throw. */
export function complaint(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
  throw new Error("it was expected to throw")
}
