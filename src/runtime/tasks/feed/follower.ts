import { place } from "../../book/chain.ts"
import type { Lob, SequenceNumber } from "../../domain/events.ts"
import type { BookRule } from "../../ports.ts"
import type { Sink } from "./stream.ts"

/**
 * Between a stream of diffs and its strategies where the book is built from another, finer stream of the same inst: nobody
 * else would see that some of these are missing. What comes after the hole is published all the same.
 */
export function following(chain: BookRule["chain"], publish: Sink, missed: (why: string) => void): Sink {
  let newest: SequenceNumber | undefined
  const check = ({ form, sequence }: Lob): void => {
    const last = sequence?.last
    if (form !== "snapshot" && newest !== undefined) {
      const found = place(chain, sequence, newest)
      if (found === "behind" || found === "same") return
      if (found === "gap") missed(`update ${sequence?.prev ?? sequence?.first}..${last} does not follow ${newest}`)
      if (found === "unnumbered") missed(`an update without number came after ${newest}`)
    }
    newest = last ?? newest
  }
  return (event, receivedAt) => {
    if (event.kind === "lob") check(event)
    publish(event, receivedAt)
  }
}
