import { UsageError } from "../domain/errors.ts"
import type { SequenceNumber } from "../domain/events.ts"
import type { Best, Book, BookLevels } from "./book.ts"

export type BookState = "syncing" | "live" | "quarantined"

/** What a reader gets: a book that can be trusted now, or why there is none. */
export type BookView = LiveView | NoView

/** Reads the book as it stands at each call. Once the book has left the live state, every read throws UsageError. */
export interface LiveView {
  readonly state: "live"
  /** Undefined where a side is empty. */
  best(): Best | undefined
  /** Copies of the best `count` levels of each side: flat pairs price, size, …, best first. */
  levels(count: number): BookLevels
  /** A copy that stays as it is, of `count` levels a side or all of them. */
  snapshot(count?: number): BookSnapshot
  /** The venue's number of the last update applied, where it numbers them. */
  readonly seq: SequenceNumber | undefined
  /** When that update arrived, µs. */
  readonly receivedAt: number
}

export interface NoView {
  readonly state: "syncing" | "quarantined"
  readonly why: string
  /** µs. */
  readonly since: number
}

export interface BookSnapshot extends BookLevels {
  readonly best: Best | undefined
  readonly seq: SequenceNumber | undefined
  readonly receivedAt: number
}

/** What a view reads: the book and how far it got. `epoch` changes with every change of state. */
export interface Viewed {
  readonly name: string
  readonly book: Book
  readonly state: BookState
  readonly why: string
  readonly epoch: number
  readonly seq: SequenceNumber | undefined
  readonly receivedAt: number
}

export class Live implements LiveView {
  readonly state = "live"
  readonly #viewed: Viewed
  readonly #epoch: number

  constructor(viewed: Viewed) {
    this.#viewed = viewed
    this.#epoch = viewed.epoch
  }

  best(): Best | undefined {
    return this.#read().book.best()
  }

  levels(count: number): BookLevels {
    return this.#read().book.levels(count)
  }

  snapshot(count = Number.POSITIVE_INFINITY): BookSnapshot {
    const { book, seq, receivedAt } = this.#read()
    return { ...book.levels(count), best: book.best(), seq, receivedAt }
  }

  get seq(): SequenceNumber | undefined {
    return this.#read().seq
  }

  get receivedAt(): number {
    return this.#read().receivedAt
  }

  #read(): Viewed {
    const viewed = this.#viewed
    if (viewed.epoch === this.#epoch) return viewed
    throw new UsageError(
      `the book of ${viewed.name} is no longer the one this view was taken of (now ${viewed.state}: ${viewed.why}); ` +
        "take a new one with ctx.book in every handler call, or keep a snapshot()",
    )
  }
}
