import { describe, WireError } from "../../runtime/domain/errors.ts"
import type { Decoded, Frame, MarketEvent } from "../../runtime/domain/events.ts"
import { type Json, parseExact } from "./json.ts"

/** A hand-written reader of the hot frame kinds, in UTF-8; undefined hands the frame to the general decoder. */
export type Scan = (frame: Buffer, receivedAt: number) => Decoded | undefined

/** Reads a parsed frame. Throws WireError naming what it cannot read. */
export type ReadFrame = (frame: Json, receivedAt: number) => Decoded

export const NOTHING: Decoded = { events: [] }

export const one = (event: MarketEvent): Decoded => ({ events: [event] })

/** Total: whatever arrives gives events, a control, or the reason why not. */
export function decoder(read: ReadFrame, scan?: Scan): (frame: Frame, receivedAt: number) => Decoded {
  const general = (frame: Frame, receivedAt: number): Decoded => {
    try {
      return read(parseExact(frame.toString()), receivedAt)
    } catch (error) {
      if (error instanceof WireError) return { events: [], unreadable: error.message }
      if (error instanceof SyntaxError) return { events: [], unreadable: "the frame is no JSON" }
      // A fault of ours must not take the feed down: it is reported with the frame like any other.
      return { events: [], unreadable: describe(error) }
    }
  }
  if (scan === undefined) return general
  return (frame, receivedAt) => {
    const bytes = typeof frame === "string" ? Buffer.from(frame) : frame
    return scan(bytes, receivedAt) ?? general(frame, receivedAt)
  }
}
