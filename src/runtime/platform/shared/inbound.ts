import type { InboundConnection } from "../../ports.ts"

/** What a runtime's server gives for one connection. */
export interface InboundClient {
  send(text: string): unknown
  ping(): unknown
  close(code: number, reason: string): unknown
}

/** One accepted WebSocket. What is sent while its upgrade is still being answered waits for it. */
export class Inbound<Client extends InboundClient> implements InboundConnection {
  readonly id: number
  readonly #buffered: (client: Client) => number
  #client: Client | undefined
  #waiting: ((client: Client) => void)[] | undefined = []

  constructor(id: number, buffered: (client: Client) => number) {
    this.id = id
    this.#buffered = buffered
  }

  attach(client: Client): void {
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
    return this.#client === undefined ? 0 : this.#buffered(this.#client)
  }

  close(code: number, reason: string): void {
    if (this.#client === undefined) this.#waiting?.push((client) => client.close(code, reason))
    else this.#client.close(code, reason)
  }
}
