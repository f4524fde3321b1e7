import { ConfigError } from "../../domain/errors.ts"

interface Inside {
  readonly internal: symbol
  readonly [inside: symbol]: { readonly core?: { runMicrotasks?(): void } } | undefined
}

/** Deno has no public word for it; its core has one, which its own copy of Node's builtins uses. Throws ConfigError where that is gone. */
export function drainMicrotasks(): void {
  const { Deno: deno } = globalThis as unknown as { Deno: Inside }
  const core = deno[deno.internal]?.core
  if (core?.runMicrotasks === undefined) {
    throw new ConfigError("this version of Deno cannot run its microtasks on demand; replay on Bun")
  }
  core.runMicrotasks()
}
