import type { Env } from "../ports.ts"

/** Only what is given here. */
export const virtualEnv = (values: Readonly<Record<string, string>> = {}): Env => ({
  get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
  names: (prefix) => Object.keys(values).filter((name) => name.startsWith(prefix)),
  pid: 1,
  memoryBytes: () => 0,
})
