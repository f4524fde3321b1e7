import type { ServerWebSocket } from "bun"
import type { InboundConnection } from "../../ports.ts"

/** One accepted WebSocket. What is sent while its upgrade is still being answered waits for it. */
export class Inbound implements InboundConnection {
  readonly id: number
  #client: ServerWebSocket<Inbound> | undefined
  #waiting: ((client: ServerWebSocket<Inbound>) => void)[] | undefined = []

  constructor(id: number) {
    this.id = id
  }

  attach(client: ServerWebSocket<Inbound>): void {
    this.#client = client
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const act of waiting) act(client)
  }

  end(): void {
    this.#client = undefined
    this.#waiting = undefined
  }

  send(text: string): void {
    if (this.#client === undefined) this.#waiting?.push((client) => client.send(text))
    else this.#client.send(text)
  }

  ping(): void {
    if (this.#client === undefined) this.#waiting?.push((client) => client.ping())
    else this.#client.ping()
  }

  bufferedBytes(): number {
    return this.#client?.getBufferedAmount() ?? 0
  }

  close(code: number, reason: string): void {
    if (this.#client === undefined) this.#waiting?.push((client) => client.close(code, reason))
    else this.#client.close(code, reason)
  }
}
