import type { CallbackData, CallbackName, TaskRef } from "../domain/callbacks.ts"
import { UsageError } from "../domain/errors.ts"
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

/** The callbacks that are news. */
export const NEWSWORTHY: readonly CallbackName[] = ["onOrder", "onBookState", "onFeedState", "onLag", "onError"]

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
    if (this.#listeners.size === 0) return
    switch (callback) {
      case "onOrder": {
        const changed = data as CallbackData["onOrder"]
        this.tell({ kind: "order", at, task, data: changed })
        if (changed.fill !== undefined) this.tell({ kind: "fill", at, task, data: changed.fill })
        break
      }
      case "onBookState":
        this.tell({ kind: "book", at, task, data: data as CallbackData["onBookState"] })
        break
      case "onFeedState":
        this.tell({ kind: "feed", at, task, data: data as CallbackData["onFeedState"] })
        break
      case "onLag":
        this.tell({ kind: "lag", at, task, data: data as CallbackData["onLag"] })
        break
      case "onError":
        this.tell({ kind: "error", at, task, data: data as CallbackData["onError"] })
        break
      default:
    }
  }

  tell(news: News): void {
    for (const listener of this.#listeners) {
      try {
        listener(news)
      } catch (error) {
        this.#listeners.delete(listener)
        this.#log.error("listener.threw", { news: news.kind, why: error instanceof Error ? error.message : "" })
      }
    }
  }
}
