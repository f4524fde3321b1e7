import type { CallbackData, CallbackName, TaskRef } from "../domain/callbacks.ts"
import { describe, UsageError } from "../domain/errors.ts"
import type { Log, Mode } from "../ports.ts"
import type { AnyMessage } from "./event.ts"

/** What an outsider may want to follow: never a secret, never a market event. */
export type News =
  | { readonly kind: "order"; readonly at: number; readonly task: TaskRef; readonly data: CallbackData["onOrder"] }
  | { readonly kind: "fill"; readonly at: number; readonly task: TaskRef; readonly data: Fill }
  | { readonly kind: "book"; readonly at: number; readonly task: TaskRef; readonly data: CallbackData["onBookState"] }
  | { readonly kind: "feed"; readonly at: number; readonly task: TaskRef; readonly data: CallbackData["onFeedState"] }
  | { readonly kind: "lag"; readonly at: number; readonly task: TaskRef; readonly data: CallbackData["onLag"] }
  | { readonly kind: "error"; readonly at: number; readonly task: TaskRef; readonly data: CallbackData["onError"] }
  | { readonly kind: "mode"; readonly at: number; readonly data: { readonly mode: Mode; readonly why: string } }

type Fill = NonNullable<CallbackData["onOrder"]["fill"]>
export type NewsListener = (news: News) => void

const KIND: { readonly [C in CallbackName]?: News["kind"] } = {
  onOrder: "order",
  onBookState: "book",
  onFeedState: "feed",
  onLag: "lag",
  onError: "error",
}

/** The callbacks that are news. */
export const NEWSWORTHY = Object.keys(KIND) as readonly CallbackName[]

const LISTENERS_MAX = 64

/** Tells outsiders. One that throws is told nothing more: it must not disturb trading. */
export class NewsDesk {
  readonly #log: Log
  readonly #listeners = new Set<NewsListener>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Called at once, inside the turn: a listener must be quick. Returns how to leave. Throws UsageError beyond 64. */
  subscribe(listener: NewsListener): () => void {
    if (this.#listeners.size >= LISTENERS_MAX) throw new UsageError(`there are ${LISTENERS_MAX} listeners already`)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  event(callback: CallbackName, { data, task, receivedAt: at }: AnyMessage): void {
    const kind = KIND[callback]
    if (kind === undefined || this.#listeners.size === 0) return
    this.tell({ kind, at, task, data } as News)
    const fill = kind === "order" ? (data as CallbackData["onOrder"]).fill : undefined
    if (fill !== undefined) this.tell({ kind: "fill", at, task, data: fill })
  }

  tell(news: News): void {
    for (const listener of this.#listeners) {
      try {
        listener(news)
      } catch (error) {
        this.#listeners.delete(listener)
        this.#log.error("listener.threw", { news: news.kind, why: describe(error) })
      }
    }
  }
}
