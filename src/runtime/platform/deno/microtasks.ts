import { ConfigError } from "../../domain/errors.ts"

interface Inside {
  readonly internal: symbol
  readonly [inside: symbol]: { readonly core?: { runMicrotasks?(): void } } | undefined
}

/**
 * Deno has no public word for it; its core has one, which its own copy of Node's builtins uses. V8 does nothing when it is
 * asked from within a microtask, so the caller must be a timer or a socket. Throws ConfigError where it did not run them.
 */
export function drainMicrotasks(): void {
  const { Deno: deno } = globalThis as unknown as { Deno: Inside }
  let hasRun = false
  queueMicrotask(() => {
    hasRun = true
  })
  deno[deno.internal]?.core?.runMicrotasks?.()
  if (!hasRun) throw new ConfigError("Deno did not run its microtasks when asked to; run the virtual clock on Bun")
}
