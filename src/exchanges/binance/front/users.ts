import type { Hub } from "./hub.ts"
import type { Member } from "./member.ts"

interface Listener {
  readonly connection: number
  readonly isCombined: boolean
  /** Only these events; all where absent. */
  readonly events: ReadonlySet<string> | undefined
}

/** Who listens to which account. A key that does not exist is accepted and stays silent, as at the venue. */
export class Users {
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #hub: Hub

  constructor(hub: Hub) {
    this.#hub = hub
  }

  listen(key: string, listener: Listener): void {
    const known = this.#listeners.get(key)
    if (known === undefined) this.#listeners.set(key, new Set([listener]))
    else known.add(listener)
  }

  /** Without a key: every key this connection listened to. */
  leave(connection: number, key?: string): void {
    for (const [name, listeners] of this.#listeners) {
      if (key !== undefined && key !== name) continue
      for (const listener of listeners) if (listener.connection === connection) listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  publish(member: Member, event: string, text: string): void {
    const key = member.listenKey?.key
    const listeners = key === undefined ? undefined : this.#listeners.get(key)
    if (listeners === undefined) return
    for (const { connection, isCombined, events } of listeners) {
      if (events !== undefined && !events.has(event)) continue
      this.#hub.send(connection, isCombined ? `{"stream":"${key}","data":${text}}` : text)
    }
  }

  /** The stream is closed with its key. */
  end(key: string): void {
    for (const { connection } of this.#listeners.get(key) ?? []) {
      this.#hub.push({ kind: "close", connection, code: 1000, reason: "listen key closed" })
    }
    this.#listeners.delete(key)
  }
}
