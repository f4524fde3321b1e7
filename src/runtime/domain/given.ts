import { UsageError } from "./errors.ts"

// What a bot hands in: its types are not checked when it runs.

/** Whether it is an object as a literal makes it: its fields are all it has. A Map or a Date would be taken for an empty one. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false
  const form: unknown = Object.getPrototypeOf(value)
  // Another realm has an Object.prototype of its own.
  return form === null || Object.getPrototypeOf(form) === null
}

/** 2001 and 2286: milliseconds or seconds of a time that anybody means are below, nanoseconds above. */
const [TIME_MIN, TIME_MAX] = [1e15, 1e16]

/** Whether it can be a point in time in whole µs since the epoch. */
export const isTime = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= TIME_MIN && (value as number) < TIME_MAX

/** `null`, `a list`, `a number`: what it is instead of what was wanted. */
export function wordFor(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

/** Throws UsageError, naming the argument, where `isRight` is false. */
export function demand(isRight: boolean, call: string, argument: string, value: unknown, wanted: string): void {
  if (!isRight) throw new UsageError(`${call}: ${argument} is ${wordFor(value)}; write ${wanted}`)
}
