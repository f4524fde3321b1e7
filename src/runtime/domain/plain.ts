/** Whether it is an object as a literal makes it: its fields are all it has. A Map or a Date would be taken for an empty one. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false
  const form: unknown = Object.getPrototypeOf(value)
  // Another realm has an Object.prototype of its own.
  return form === null || Object.getPrototypeOf(form) === null
}
