/**
 * Which of the recorded sockets each stream came over. Tasks may have had the same stream over several: a replay, where
 * everybody listens to the one exchange, takes it from the first, and from another once that one is closed.
 */
export class Lines {
  readonly #byStream = new Map<string, number>()

  /** Whether a frame of this stream on this connection is to be played. */
  isFirst(stream: string | undefined, connection: number): boolean {
    if (stream === undefined) return false
    const known = this.#byStream.get(stream)
    if (known === undefined) this.#byStream.set(stream, connection)
    return known === undefined || known === connection
  }

  /** The streams that are lost with a connection. */
  closed(connection: number): readonly string[] {
    const lost = [...this.#byStream].filter(([, line]) => line === connection).map(([stream]) => stream)
    for (const stream of lost) this.#byStream.delete(stream)
    return lost
  }
}
