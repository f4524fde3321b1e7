import type { AnyMessage } from "./event.ts"

/** One waiting event. It is let go of once every reader that was behind has taken it. */
export interface Entry {
  readonly message: AnyMessage
  readonly code: number
  readonly bytes: number
  /** Readers still to take it. */
  waiting: number
}

/** Whose lanes these are. */
export interface Reader {
  /** Whether this reader has a handler for the callback. */
  wants(code: number): boolean
  /** The lane has its first waiting event. */
  filled(lane: Lane): void
  /** The lane has none left. */
  emptied(lane: Lane): void
  /** Waiting events, of all lanes together. */
  work: number
  /** How many of its lanes are flooded. */
  flooded: number
  /** Events were lost to this lane. */
  lost(lane: Lane, count: number): void
  /** A private ring is at its bound because of this reader. */
  full(ring: Ring): void
  /** It is far past its bound: what waits must go, an image will stand for it. */
  collapse(): void
}

const MARKET_ONLY = "market rings only"
const FIRST_SLOTS = 64
/** A private ring holds its bound before the strategy is paused, and this many times it while the strategy is. */
const PRIVATE_FACTOR = 4

/** Bytes of all rings of a bot. Past the bound the largest market ring drops its oldest events. */
export class Pool {
  readonly rings: Ring[] = []
  readonly bytesMax: number
  bytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  relieve(): void {
    while (this.bytes > this.bytesMax) {
      let largest: Ring | undefined
      for (const ring of this.rings) {
        if (!ring.isPrivate && ring.length > 0 && (largest === undefined || ring.bytes > largest.bytes)) largest = ring
      }
      if (largest === undefined) return
      largest.dropOldest()
    }
  }
}

/** A task's bounded buffer: what some reader has not taken yet, oldest first. Empty while every reader keeps up. */
export class Ring {
  readonly task: string
  readonly isPrivate: boolean
  readonly slotsMax: number
  readonly bytesMax: number
  readonly lanes: Lane[] = []
  bytes = 0
  /** Absolute positions: of the oldest entry, and of the next one to come. */
  head = 0
  tail = 0
  readonly #pool: Pool
  #slots: (Entry | undefined)[] = []

  constructor(task: string, isPrivate: boolean, bounds: { slotsMax: number; bytesMax: number }, pool: Pool) {
    this.task = task
    this.isPrivate = isPrivate
    this.slotsMax = bounds.slotsMax
    this.bytesMax = bounds.bytesMax
    this.#pool = pool
    pool.rings.push(this)
  }

  get length(): number {
    return this.tail - this.head
  }

  at(position: number): Entry | undefined {
    return this.#slots[position & (this.#slots.length - 1)]
  }

  /** Makes room by the ring's own rule, and puts the entry last. Whoever must wait for it says so with `Lane.push`. */
  append(entry: Entry): number {
    if (this.length > 0 && this.#isFull(entry.bytes, 1)) {
      if (this.isPrivate) this.#press(entry.bytes)
      else while (this.length > 0 && this.#isFull(entry.bytes, 1)) this.dropOldest()
    }
    if (this.length === this.#slots.length) this.#grow()
    const position = this.tail++
    this.#slots[position & (this.#slots.length - 1)] = entry
    this.bytes += entry.bytes
    this.#pool.bytes += entry.bytes
    return position
  }

  /** To be called once whoever waits for the appended entry has been told: only then may it be dropped again. */
  settle(): void {
    if (this.#pool.bytes > this.#pool.bytesMax) this.#pool.relieve()
  }

  dropOldest(): void {
    if (this.isPrivate) throw new RangeError(MARKET_ONLY)
    const entry = this.at(this.head)
    if (entry === undefined) return
    for (const lane of this.lanes) lane.miss(this.head, entry)
    entry.waiting = 0
    this.release()
  }

  /** Lets go of the oldest entries nobody waits for. */
  release(): void {
    while (this.head < this.tail) {
      const at = this.head & (this.#slots.length - 1)
      const entry = this.#slots[at]
      if (entry === undefined || entry.waiting > 0) return
      this.#slots[at] = undefined
      this.bytes -= entry.bytes
      this.#pool.bytes -= entry.bytes
      this.head++
    }
    this.head = 0
    this.tail = 0
    if (this.#slots.length > FIRST_SLOTS) this.#slots = []
  }

  #isFull(bytes: number, times: number): boolean {
    return this.length >= this.slotsMax * times || this.bytes + bytes > this.bytesMax * times
  }

  /** Pauses the slowest readers; far past the bound, takes from them what they will be given an image of. */
  #press(bytes: number): void {
    const isHopeless = this.#isFull(bytes, PRIVATE_FACTOR)
    for (const lane of this.lanes) {
      if (lane.pending === 0 || lane.cursor > this.head) continue
      lane.reader.full(this)
      if (isHopeless) lane.reader.collapse()
    }
  }

  #grow(): void {
    const wider: (Entry | undefined)[] = Array.from({ length: Math.max(FIRST_SLOTS, this.#slots.length * 2) })
    for (let position = this.head; position < this.tail; position++) {
      wider[position & (wider.length - 1)] = this.at(position)
    }
    this.#slots = wider
  }
}

/** One strategy's cursor on a ring. */
export class Lane {
  readonly ring: Ring
  readonly reader: Reader
  /** Among the reader's lanes. */
  readonly number: number
  cursor = 0
  pending = 0
  /** Lost and not told yet. */
  dropped = 0
  /** It has lost events and has not caught up since: it takes turns with the others instead of publish order. */
  isFlooded = false

  constructor(ring: Ring, reader: Reader, number: number) {
    this.ring = ring
    this.reader = reader
    this.number = number
    ring.lanes.push(this)
  }

  push(position: number, entry: Entry): void {
    entry.waiting++
    this.reader.work++
    if (this.pending++ > 0) return
    this.cursor = position
    this.reader.filled(this)
  }

  /** Publish order of the next event. Only where one is pending. */
  nextSequence(): number {
    return this.#next().message.sequence
  }

  take(): Entry {
    const entry = this.#next()
    this.cursor++
    this.#less()
    if (--entry.waiting === 0) this.ring.release()
    return entry
  }

  /** The ring drops the entry at `position`, its oldest. */
  miss(position: number, entry: Entry): void {
    if (this.pending === 0 || this.cursor > position) return
    this.cursor = position + 1
    if (!this.reader.wants(entry.code)) return
    if (!this.isFlooded) this.reader.flooded++
    this.isFlooded = true
    this.reader.lost(this, 1)
    this.#less()
  }

  /** Takes everything and delivers nothing; how many that was. */
  clear(): number {
    const count = this.pending
    while (this.pending > 0) this.take()
    return count
  }

  #next(): Entry {
    for (;;) {
      const entry = this.ring.at(this.cursor)
      if (entry === undefined) throw new RangeError(`lane ${this.number} of ${this.ring.task} reads past its ring`)
      if (this.reader.wants(entry.code)) return entry
      this.cursor++
    }
  }

  #less(): void {
    this.reader.work--
    if (--this.pending > 0) return
    if (this.isFlooded) this.reader.flooded--
    this.isFlooded = false
    this.reader.emptied(this)
  }
}
