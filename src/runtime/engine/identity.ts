import { type TaskSpec, taskName } from "../domain/task.ts"
import type { Draft, Handle, TaskOptions } from "./declaration/handle.ts"
import { strangers, taskOptions } from "./declaration/options.ts"
import { handleName, isPart, wholeOf } from "./parts.ts"

/** The concrete tasks of a declaration, after chunks are expanded and everything has an id. */
export interface Identified {
  readonly specs: readonly TaskSpec[]
  /** Which of `specs` a handle stands for. */
  readonly of: ReadonlyMap<Handle, readonly number[]>
  readonly mistakes: readonly string[]
}

/** Within one variant an id is used once: the callback alone does not tell two `trades` tasks apart. */
const variant = (draft: Draft): string => (draft.kind === "feed" ? `feed ${draft.channel.kind}` : draft.kind)

const isCount = (value: number, least: number): boolean => Number.isSafeInteger(value) && value >= least

/** What the user asked the ids to be; undefined where they are to be counted. */
function wantedIds({ id, taskBaseId, chunk = 1 }: TaskOptions): readonly string[] | undefined {
  if (id !== undefined) return chunk === 1 ? [id] : Array.from({ length: chunk }, (_, part) => `${id}-${part + 1}`)
  if (taskBaseId !== undefined) return Array.from({ length: chunk }, (_, part) => String(taskBaseId + part))
  return undefined
}

function optionMistakes({ id, taskBaseId, chunk = 1, ringSlots }: TaskOptions): readonly string[] {
  const mistakes: string[] = []
  if (!isCount(chunk, 0) || chunk > CHUNK_MAX) {
    mistakes.push(`chunk is ${chunk}; write a whole number from 0 to ${CHUNK_MAX}`)
  }
  if (id === "") mistakes.push("id is empty")
  if (id !== undefined && taskBaseId !== undefined) mistakes.push("has both id and taskBaseId; keep one")
  if (taskBaseId !== undefined && !isCount(taskBaseId, 0)) {
    mistakes.push(`taskBaseId is ${taskBaseId}; write a whole number from 0`)
  } else if (taskBaseId !== undefined && !Number.isSafeInteger(taskBaseId + Math.max(0, chunk - 1))) {
    mistakes.push(`its ids ${taskBaseId} + ${chunk} pass the largest number that can be counted, 2^53 - 1`)
  }
  if (ringSlots !== undefined && !isCount(ringSlots, 1)) {
    mistakes.push(`ringSlots is ${ringSlots}; write a whole number from 1`)
  }
  return mistakes
}

const CHUNK_MAX = 1_024

const withId = (draft: Draft, id: string, { ringSlots }: TaskOptions): TaskSpec => ({
  ...draft,
  id,
  ...(ringSlots === undefined ? {} : { ringSlots }),
})

/** Gives every task its id. Ids nobody gave count from 1 per kind of task, passing over those that are taken. */
export function identify(handles: readonly Handle[]): Identified {
  const mistakes: string[] = []
  const specs: TaskSpec[] = []
  const of = new Map<Handle, number[]>()
  const sound = handles.filter((handle) => {
    if (isPart(handle)) {
      mistakes.push(`task ${handleName(wholeOf(handle))}: a part is declared with its whole; name it in a binding`)
      return false
    }
    const found = optionMistakes(handle.options)
    const unknown = strangers(handle.options, taskOptions(handle.draft))
    mistakes.push(
      ...[...found, ...unknown].map((mistake) => `task ${taskName(withId(handle.draft, "?", {}))}: ${mistake}`),
    )
    // Declared all the same: what is bound to it is not a second mistake.
    if (found.length > 0) of.set(handle, [])
    return found.length === 0
  })
  const taken = new Set(sound.flatMap(({ kind, options }) => (wantedIds(options) ?? []).map((id) => `${kind} ${id}`)))
  const next = new Map<string, number>()
  const free = (kind: string): string => {
    let id = next.get(kind) ?? 1
    while (taken.has(`${kind} ${id}`)) id++
    next.set(kind, id + 1)
    return String(id)
  }
  const used = new Set<string>()
  for (const handle of sound) {
    const { kind, draft, options } = handle
    if (of.has(handle)) {
      mistakes.push(`task ${taskName(withId(draft, wantedIds(options)?.[0] ?? "?", {}))} is declared twice`)
      continue
    }
    const ids = wantedIds(options) ?? Array.from({ length: options.chunk ?? 1 }, () => free(kind))
    of.set(
      handle,
      ids.map((id) => {
        const spec = withId(draft, id, options)
        const key = `${variant(draft)} ${id}`
        if (used.has(key)) mistakes.push(`task ${taskName(spec)}: duplicate task id for the same task type`)
        used.add(key)
        return specs.push(spec) - 1
      }),
    )
  }
  return { specs, of, mistakes }
}
