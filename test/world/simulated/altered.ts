import type { Front } from "../../../src/runtime/ports.ts"

export interface Alteration {
  /** Which of the frames meant, from 1. */
  readonly nth: number
  change(text: string): string
  /** All where absent. */
  isMeant?(text: string): boolean
}

/** A front one of whose frames to its clients is changed on its way. */
export function altered(front: Front, { nth, change, isMeant = () => true }: Alteration): Front {
  let count = 0
  return {
    request: (...asked) => front.request(...asked),
    open: (...opened) => front.open(...opened),
    message: (...heard) => front.message(...heard),
    pong: (...heard) => front.pong(...heard),
    closed: (...closed) => front.closed(...closed),
    advance: (now) => front.advance(now),
    nextAt: () => front.nextAt(),
    drain: () =>
      front.drain().map((output) => {
        if (output.kind !== "text" || !isMeant(output.text) || ++count !== nth) return output
        return { ...output, text: change(output.text) }
      }),
  }
}

/** The frame with the last digit of its last level's size another one. */
export function lastDigit(text: string): string {
  const at = text.search(/\d"\]\]/)
  if (at < 0) throw new Error(`this frame has no size to change: ${text}`)
  return `${text.slice(0, at)}${text[at] === "1" ? "2" : "1"}${text.slice(at + 1)}`
}
