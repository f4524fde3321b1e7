import type { Env } from "../ports.ts"

/** Only what is given here. */
export const virtualEnv = (values: Readonly<Record<string, string>> = {}): Env => ({
  get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
  pid: 1,
  memoryBytes: () => 0,
})
