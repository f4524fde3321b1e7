import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"
import { ConfigError } from "../../domain/errors.ts"

const offered = new Map<string, Readonly<Record<string, unknown>>>()

/** What a module made by `offerLibrary` passes on. */
export const offeredBy = (name: string): Readonly<Record<string, unknown>> => offered.get(name) ?? {}

/** Files loaded at run time may import this module by name, wherever they lie. */
export function offerLibrary(name: string, exports: Readonly<Record<string, unknown>>): void {
  if (offered.has(name)) return
  offered.set(name, exports)
  const url = `perigee-offer:${name}`
  const source = [
    `import { offeredBy } from ${JSON.stringify(import.meta.url)}`,
    `export const { ${Object.keys(exports).join(", ")} } = offeredBy(${JSON.stringify(name)})`,
  ].join("\n")
  registerHooks({
    resolve(asked, context, next) {
      if (asked === name) return { url, shortCircuit: true }
      if (/^(?:https?|jsr):/.test(asked))
        throw new ConfigError(`${asked} is not fetched; keep a copy beside the bot file`)
      return next(asked, context)
    },
    load(asked, context, next) {
      if (asked === url) return { format: "module", source, shortCircuit: true }
      // As soon as there is a hook on loading, Deno 2.9.6 reads native addons as if they were JavaScript.
      if (asked.endsWith(".node")) return { format: "commonjs", source: opening(asked), shortCircuit: true }
      return next(asked, context)
    },
  })
}

const opening = (addon: string): string => `process.dlopen(module, ${JSON.stringify(fileURLToPath(addon))})`
