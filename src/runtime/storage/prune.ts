import type { Clock, Timer } from "../ports.ts"
import type { Connection } from "./driver.ts"
import { fundingKey, type Image, ownKey } from "./writer.ts"
import type { Inst } from "../domain/inst.ts"
import type { Market } from "../domain/market.ts"

export interface PruneOptions {
  /** What ended before, µs. */
  readonly endedBefore: number
  /** At most so many orders and so many fills at once, because this runs on the loop: 200 take about a millisecond. */
  readonly rowsMax: number
}

export interface Pruned {
  readonly orders: number
  readonly fills: number
  /** False where more is left to prune. */
  readonly isDone: boolean
}

/** Deletes one batch of old ended orders with their history, old fills, and old runs. Unfinished orders stay however old they are. */
export function prune(connection: Connection, image: Image, options: PruneOptions): Pruned {
  const undo = new Map(image.own)
  const undoFunding = new Map(image.funding)
  try {
    return connection
      .transaction(() => {
        const orders = pruneOrders(connection, options)
        const fills = pruneFills(connection, image, options)
        pruneFunding(connection, image, options)
        connection
          .prepare("DELETE FROM runs WHERE started_at < ? AND run < (SELECT max(run) FROM runs)")
          .run(options.endedBefore)
        return { orders, fills, isDone: orders < options.rowsMax && fills < options.rowsMax }
      })
      .immediate()
  } catch (error) {
    for (const [key, own] of undo) image.own.set(key, own)
    for (const [key, funding] of undoFunding) image.funding.set(key, funding)
    throw error
  }
}

function pruneOrders(connection: Connection, { endedBefore, rowsMax }: PruneOptions): number {
  const ids = connection
    .prepare(
      `SELECT client_id FROM orders WHERE state IN ('filled', 'canceled', 'expired', 'rejected')
       AND created_at < ? AND updated_at < ? ORDER BY created_at LIMIT ?`,
    )
    .pluck()
    .all(endedBefore, endedBefore, rowsMax)
  const events = connection.prepare("DELETE FROM order_events WHERE client_id = ?")
  const order = connection.prepare("DELETE FROM orders WHERE client_id = ?")
  for (const id of ids) {
    events.run(id)
    order.run(id)
  }
  return ids.length
}

// A venue may tell an old fill again. With its row gone, only its time shows that it was counted: see Writer.writeFill.
// Fills that are not in the books yet stay, however old: profit and loss is counted from them.
function pruneFills(connection: Connection, image: Image, { endedBefore, rowsMax }: PruneOptions): number {
  const old = connection
    .prepare(
      `SELECT market, inst, trade_id, order_id, timestamp FROM fills JOIN own_books USING (market, inst)
       WHERE timestamp < ? AND timestamp <= until_at ORDER BY timestamp LIMIT ?`,
    )
    .all(endedBefore, rowsMax) as {
    market: Market
    inst: Inst
    trade_id: string
    order_id: string
    timestamp: number
  }[]
  const fill = connection.prepare("DELETE FROM fills WHERE market = ? AND inst = ? AND trade_id = ? AND order_id = ?")
  const mark = connection.prepare("UPDATE own_positions SET pruned_until = ? WHERE market = ? AND inst = ?")
  for (const row of old) {
    fill.run(row.market, row.inst, row.trade_id, row.order_id)
    mark.run(row.timestamp, row.market, row.inst)
    const key = ownKey(row.market, row.inst)
    const own = image.own.get(key)
    if (own !== undefined) image.own.set(key, { ...own, prunedUntil: row.timestamp })
  }
  return old.length
}

function pruneFunding(connection: Connection, image: Image, { endedBefore, rowsMax }: PruneOptions): void {
  const old = connection
    .prepare("SELECT market, inst, id, asset, timestamp FROM funding WHERE timestamp < ? ORDER BY timestamp LIMIT ?")
    .all(endedBefore, rowsMax) as { market: Market; inst: Inst; id: string; asset: string; timestamp: number }[]
  const payment = connection.prepare("DELETE FROM funding WHERE market = ? AND inst = ? AND id = ?")
  const mark = connection.prepare("UPDATE own_funding SET pruned_until = ? WHERE market = ? AND inst = ? AND asset = ?")
  for (const { market, inst, id, asset, timestamp } of old) {
    payment.run(market, inst, id)
    mark.run(timestamp, market, inst, asset)
    const key = fundingKey(market, inst, asset)
    const known = image.funding.get(key)
    if (known !== undefined) image.funding.set(key, { ...known, prunedUntil: timestamp })
  }
}

export interface Retention {
  /** Ended orders and fills older than this go. */
  readonly keepMs: number
  readonly everyMs: number
  readonly rowsMax: number
}

// Between two batches while there is more: the loop has the bot to serve.
const PAUSE_MS = 250

/** Prunes again and again until canceled. `failed` hears of a batch that did not succeed; the next one is tried as if it had. */
export function keepPruning(
  clock: Clock,
  retention: Retention,
  batch: (options: PruneOptions) => Pruned,
  failed: (error: unknown) => void,
): Timer {
  let timer: Timer
  const turn = (): void => {
    let isDone = true
    try {
      isDone = batch({ endedBefore: clock.now() - retention.keepMs * 1000, rowsMax: retention.rowsMax }).isDone
    } catch (error) {
      failed(error)
    }
    timer = clock.timer(isDone ? retention.everyMs : PAUSE_MS, turn)
  }
  timer = clock.timer(retention.everyMs, turn)
  return { cancel: () => timer.cancel() }
}
