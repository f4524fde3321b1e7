import { compact } from "./compaction.ts"
import type { AnyMessage } from "./event.ts"

/** One waiting event. It is let go of once every reader that was behind has taken it. */
export interface Entry {
  readonly message: AnyMessage
  readonly code: number
  /** Of its ring: whose lanes it is for. */
  readonly topic: number
  readonly bytes: number
  /** Readers still to take it. */
  waiting: number
  /** A frame's, and no handler has been called with it yet. */
  isUnheard: boolean
}

/** Whose lanes these are. */
export interface Reader {
  /** Whether an event that cannot be delivered now is to wait; never again once its strategy is over. */
  keeps(isPrivate: boolean): boolean
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
  /** It has been too slow for a private ring and has not caught up since. */
  readonly isBehind: boolean
  /** So many private events were taken from its lanes that later ones, which it will get, say again. */
  superseded(count: number): void
  /** A private ring is far past its bound because of this reader, and nothing of it may go: the reader must. */
  overrun(ring: Ring): void
  /** Why it takes no part now; undefined where it does. */
  refusal(): string | undefined
}

const MARKET_ONLY = "market rings only"
const FIRST_SLOTS = 64
/** A private ring holds its bound before the strategy is paused, and this many times it, whole, while the strategy is. */
const WHOLE_FACTOR = 4
/** So many times the bound of what nothing supersedes end the strategy. */
const LAST_FACTOR = 5
/** The same for the private rings of a bot together. */
const LAST_POOL_FACTOR = 2
/** All together are compacted again after growing by this part of their bound. */
const POOL_STEP = 1 / 8

/**
 * Bytes of all rings of a bot. Past the bound the largest market ring drops its oldest events; where private events
 * alone are past it, the largest private ring is taken to be at its own bound.
 */
export class Pool {
  readonly rings: Ring[] = []
  readonly bytesMax: number
  bytes = 0
  /** What was left when private rings were last compacted. */
  #leanBytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  relieve(): void {
    while (this.bytes > this.bytesMax) {
      const largest = this.#largest(false)
      if (largest === undefined) return this.#press()
      largest.dropOldest()
    }
  }

  #press(): void {
    this.#leanBytes = Math.min(this.#leanBytes, this.bytes)
    if (this.bytes - this.#leanBytes < this.bytesMax * POOL_STEP) return
    const largest = this.#largest(true)
    largest?.compact()
    largest?.end(() => this.bytes > this.bytesMax * LAST_POOL_FACTOR)
    this.#leanBytes = this.bytes
  }

  #largest(isPrivate: boolean): Ring | undefined {
    let largest: Ring | undefined
    for (const ring of this.rings) {
      if (ring.isPrivate !== isPrivate || ring.length === 0) continue
      if (largest === undefined || ring.bytes > largest.bytes) largest = ring
    }
    return largest
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
  readonly #topics: { readonly code: number; readonly lanes: readonly Lane[] }[] = []
  #slots: (Entry | undefined)[] = []
  /** Events and bytes that were left when it was last compacted. */
  #leanSlots = 0
  #leanBytes = 0

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

  /**
   * A number for a callback and those who are told: publishers of one callback may have different audiences, so a lane takes
   * what its topics bring, and not whatever its reader has a handler for.
   */
  topic(code: number, lanes: readonly Lane[]): number {
    const known = this.#topics.findIndex((topic) => topic.code === code && isSame(topic.lanes, lanes))
    if (known >= 0) return known
    const topic = this.#topics.push({ code, lanes }) - 1
    for (const lane of lanes) lane.follow(topic)
    return topic
  }

  at(position: number): Entry | undefined {
    return this.#slots[position & (this.#slots.length - 1)]
  }

  /** Puts the entry last; a market ring makes room for it first. Whoever must wait for it says so with `Lane.push`. */
  append(entry: Entry): number {
    if (!this.isPrivate) while (this.length > 0 && this.#isFull(entry.bytes)) this.dropOldest()
    if (this.length === this.#slots.length) this.#grow()
    const position = this.tail++
    this.#slots[position & (this.#slots.length - 1)] = entry
    this.bytes += entry.bytes
    this.#pool.bytes += entry.bytes
    return position
  }

  /** To be called once whoever waits for the appended entry has been told: only then may anything go again. */
  settle(): void {
    if (this.isPrivate && this.length > 1 && this.#isPast(1)) this.#press()
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

  // ---- a private ring past its bound ----

  /** Pauses whoever is at the bound, and takes from those who are what later events say again. */
  compact(): void {
    this.#pause(this.#boundary())
    compact(this)
  }

  /** Ends the readers that are behind, the slowest first, while `isPast` says so. */
  end(isPast: () => boolean): void {
    const waiting = this.lanes.filter(({ pending }) => pending > 0).sort((a, b) => a.cursor - b.cursor)
    for (const { reader } of waiting) if (reader.isBehind && isPast()) reader.overrun(this)
  }

  /** In place of what was there. Lanes are the caller's to move: the first of these entries lies at `head`. */
  replace(entries: readonly Entry[]): void {
    let bytes = 0
    for (const entry of entries) bytes += entry.bytes
    this.#pool.bytes += bytes - this.bytes
    this.bytes = bytes
    this.tail = this.head + entries.length
    let slots = FIRST_SLOTS
    while (slots < entries.length) slots *= 2
    this.#slots = Array.from({ length: slots })
    for (let at = 0; at < entries.length; at++) this.#slots[(this.head + at) & (this.#slots.length - 1)] = entries[at]
  }

  /** Why none of those who are still told of such events takes any for now; undefined where somebody does. */
  refusal(code: number): string | undefined {
    if (!this.#isPast(WHOLE_FACTOR)) return undefined
    const topics = this.#topics.filter((topic) => topic.code === code)
    const isTold = (lane: Lane): boolean => topics.some(({ lanes }) => lanes.includes(lane))
    const readers = this.lanes.filter((lane) => lane.reader.keeps(this.isPrivate) && isTold(lane))
    const behind = readers.filter(({ reader, pending }) => reader.isBehind && pending > 0)
    if (behind.length < readers.length || behind.length === 0) return undefined
    return behind.map(({ reader }) => reader.refusal() ?? "").join("; ")
  }

  #press(): void {
    this.#pause(Math.max(this.head, this.tail - 1 - this.slotsMax))
    this.#leanSlots = Math.min(this.#leanSlots, this.length)
    this.#leanBytes = Math.min(this.#leanBytes, this.bytes)
    if (!this.#isPast(WHOLE_FACTOR) || !this.#hasGrown()) return
    this.compact()
    this.end(() => this.#isPast(LAST_FACTOR))
    this.#leanSlots = this.length
    this.#leanBytes = this.bytes
  }

  #pause(last: number): void {
    for (const { pending, cursor, reader } of this.lanes) if (pending > 0 && cursor <= last) reader.full(this)
  }

  /** The last position from which on the ring is at its bound. Never before the oldest: somebody is the slowest. */
  #boundary(): number {
    let bytes = 0
    for (let position = this.tail - 1; position > this.head; position--) {
      const count = this.tail - position
      bytes += this.at(position)?.bytes ?? 0
      if (count > this.slotsMax || (bytes > this.bytesMax && count > 1)) return position
    }
    return this.head
  }

  #isPast(times: number): boolean {
    return this.length > this.slotsMax * times || this.bytes > this.bytesMax * times
  }

  /** Enough since it was last compacted for doing it again. */
  #hasGrown(): boolean {
    return this.length - this.#leanSlots >= this.slotsMax || this.bytes - this.#leanBytes >= this.bytesMax
  }

  #isFull(bytes: number): boolean {
    return this.length >= this.slotsMax || this.bytes + bytes > this.bytesMax
  }

  #grow(): void {
    const wider: (Entry | undefined)[] = Array.from({ length: Math.max(FIRST_SLOTS, this.#slots.length * 2) })
    for (let position = this.head; position < this.tail; position++) {
      wider[position & (wider.length - 1)] = this.at(position)
    }
    this.#slots = wider
  }
}

const isSame = (some: readonly Lane[], others: readonly Lane[]): boolean =>
  some.length === others.length && some.every((lane, at) => lane === others[at])

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
  readonly #topics: boolean[] = []

  constructor(ring: Ring, reader: Reader, number: number) {
    this.ring = ring
    this.reader = reader
    this.number = number
    ring.lanes.push(this)
  }

  follow(topic: number): void {
    while (this.#topics.length < topic) this.#topics.push(false)
    this.#topics[topic] = true
  }

  /** Whether events of this topic are for it. */
  follows(topic: number): boolean {
    return this.#topics[topic] === true
  }

  /** Called for every event of its topics while one is pending: any that were left out it would take all the same. */
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
    if (!this.follows(entry.topic)) return
    if (!this.isFlooded) this.reader.flooded++
    this.isFlooded = true
    this.reader.lost(this, 1)
    this.#less()
  }

  /** The ring was compacted: its next event lies at `position` now, and `lost` of those that waited are gone. */
  move(position: number, lost: number): void {
    this.cursor = position
    if (lost === 0) return
    this.pending -= lost
    this.reader.work -= lost
    this.reader.superseded(lost)
  }

  /** Takes everything and delivers nothing; how many that was. */
  clear(): number {
    const count = this.pending
    while (this.pending > 0) this.take()
    return count
  }

  #next(): Entry {
    // What is not for it may have been let go of before it came to it.
    if (this.cursor < this.ring.head) this.cursor = this.ring.head
    for (;;) {
      const entry = this.ring.at(this.cursor)
      if (entry === undefined) throw new RangeError(`lane ${this.number} of ${this.ring.task} reads past its ring`)
      if (this.follows(entry.topic)) return entry
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
