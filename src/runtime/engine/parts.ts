import type { TaskRef } from "../domain/callbacks.ts"
import { taskName } from "../domain/task.ts"
import type { Binding, Handle } from "./declaration/handle.ts"
import type { Part } from "./declaration/part.ts"

export const isPart = (named: Binding): named is Part<Handle> & Binding => named.kind === "part"
export const wholeOf = (named: Binding): Handle => (isPart(named) ? named.of : named)

/** `trades #scorer`, or `#?` where the builder gives the id. */
export const handleName = ({ draft, options }: Handle): string => taskName({ ...draft, id: options.id ?? "?" })

/** `parts 1 to 3`, as their ids count. */
export function partsOf({ options }: Handle, count: number): string {
  const first = options.taskBaseId ?? 1
  if (count === 0) return "no parts"
  return count === 1 ? `one part, ${first}` : `parts ${first} to ${first + count - 1}`
}

/** A bot's types are not checked when it runs. */
const isTaskRef = (which: unknown): which is TaskRef => typeof which === "object" && which !== null && "id" in which

/** Where a part is among the `count` tasks of its whole, from 0; or why it is not there. */
export function placeOf(
  { of: whole, which }: Part<Handle>,
  count: number,
  idAt: (place: number) => string | undefined,
): number | string {
  if (typeof which === "number") {
    const place = which - (whole.options.taskBaseId ?? 1)
    if (Number.isInteger(place) && place >= 0 && place < count) return place
  } else if (isTaskRef(which) && which.kind === whole.kind) {
    for (let place = 0; place < count; place++) if (idAt(place) === which.id) return place
  }
  const asked = isTaskRef(which) ? `${which.kind} #${which.id} among them` : `part ${String(which)}`
  return `task ${handleName(whole)} has ${partsOf(whole, count)}; there is no ${asked}`
}
