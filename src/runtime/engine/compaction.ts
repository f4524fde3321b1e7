import type { Entry, Lane, Ring } from "./ring.ts"
import { Succession } from "./succession.ts"

/**
 * Takes from a private ring what later events say again, where only readers that are behind still wait for it, and what
 * nobody waits for. Everyone else's lanes keep their events. The order of what stays is kept.
 */
export function compact(ring: Ring): void {
  const { head, length } = ring
  const lanes = ring.lanes.filter(({ pending }) => pending > 0)
  const entries = Array.from({ length }, (_, at) => ring.at(head + at) as Entry)
  const goes = marked(entries, head, lanes)
  const kept: Entry[] = []
  /** Where what stays comes to lie; for what goes, where the next that stays does. */
  const moved = entries.map((entry, at) => (goes[at] === 0 ? kept.push(entry) - 1 : kept.length))
  for (const lane of lanes) {
    const from = Math.max(lane.cursor - head, 0)
    lane.move(head + (moved[from] as number), lane.reader.isBehind ? lost(lane, entries, goes, from) : 0)
  }
  ring.replace(kept)
}

function marked(entries: readonly Entry[], head: number, lanes: readonly Lane[]): Uint8Array {
  const others = lanes.filter(({ reader }) => !reader.isBehind)
  const untouched = new Map<number, number>()
  /** From which position on somebody who keeps up waits for such events. */
  const untouchedFrom = (topic: number): number => {
    const known = untouched.get(topic)
    if (known !== undefined) return known
    const waiting = others.filter((lane) => lane.follows(topic))
    const from = waiting.reduce((least, { cursor }) => Math.min(least, cursor), Infinity)
    untouched.set(topic, from)
    return from
  }
  const succession = new Succession()
  const goes = new Uint8Array(entries.length)
  for (let at = entries.length - 1; at >= 0; at--) {
    const { waiting, code, topic, message } = entries[at] as Entry
    const isNeeded =
      waiting > 0 && (!succession.isSuperseded(code, message, topic) || head + at >= untouchedFrom(topic))
    goes[at] = isNeeded ? 0 : 1
  }
  return goes
}

function lost(lane: Lane, entries: readonly Entry[], goes: Uint8Array, from: number): number {
  let count = 0
  for (let at = from; at < entries.length; at++) {
    const { waiting, topic } = entries[at] as Entry
    if (goes[at] === 1 && waiting > 0 && lane.follows(topic)) count++
  }
  return count
}
