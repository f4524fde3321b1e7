import { UsageError } from "../../runtime/domain/errors.ts"

/**
 * The venue's word for one of ours. UsageError for a word that is none of ours: what stands in an order may come from
 * anywhere, and must not go out as another.
 */
export function wordFor<W extends string, V extends string>(name: string, word: W, words: Readonly<Record<W, V>>): V {
  if (typeof word === "string" && Object.hasOwn(words, word)) return words[word]
  throw new UsageError(`${name} "${String(word)}" is not known; write ${Object.keys(words).join(" or ")}`)
}

/** UsageError for what is neither true nor false; a text such as "false" would count as true. */
export function flagOf(name: string, value: boolean): boolean {
  if (typeof value === "boolean") return value
  throw new UsageError(`${name} "${String(value)}" is neither true nor false`)
}
