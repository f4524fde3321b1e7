import { readFileSync } from "node:fs"
import { ConfigError, describe } from "../runtime/domain/errors.ts"
import { isSecretName } from "../runtime/domain/redaction.ts"
import type { Credentials, Venue } from "../runtime/ports.ts"

export type ReadEnv = (name: string) => string | undefined

/** The variable itself, or the content of the file that `<NAME>_FILE` names. Throws ConfigError on an unreadable file. */
export function secret(env: ReadEnv, name: string): string | undefined {
  const value = env(name)
  if (value !== undefined && value !== "") return value
  const file = env(`${name}_FILE`)
  if (file === undefined || file === "") return undefined
  try {
    return readFileSync(file, "utf8").trim()
  } catch (error) {
    throw new ConfigError(`${name}_FILE names ${file}, which cannot be read: ${describe(error)}`, { cause: error })
  }
}

/** Anything shorter would hide half of a text. */
const LENGTH_MIN = 6

/** What the environment, and the files it names, hold under names of secrets: to keep it out of texts of unknown origin. */
export function secretsIn(names: readonly string[], env: ReadEnv): readonly string[] {
  return names
    .filter(isSecretName)
    .flatMap((name) => {
      try {
        return [env(name), secret(env, name.replace(/_FILE$/, ""))]
      } catch {
        return []
      }
    })
    .filter((value) => value !== undefined && value.length >= LENGTH_MIN)
    .map(String)
}

/**
 * A venue's credentials. With a prefix (`MAIN`), `MAIN_BINANCE_API_KEY` is read instead of `BINANCE_API_KEY`: several
 * accounts side by side. Throws ConfigError naming every variable that is missing.
 */
export function credentialsOf(venue: Venue, env: ReadEnv, prefix?: string): Credentials {
  const found: Record<string, string> = {}
  const missing: string[] = []
  for (const [field, variable] of Object.entries(venue.credentialNames)) {
    const name = prefix === undefined ? variable : `${prefix}_${variable}`
    const value = secret(env, name)
    if (value === undefined) missing.push(name)
    else found[field] = value
  }
  if (missing.length === 0) return found as Credentials
  throw new ConfigError(
    `${venue.market} needs ${missing.join(" and ")}: set ${missing.length === 1 ? "it" : "them"} in the environment, or give files by ${missing.map((name) => `${name}_FILE`).join(" and ")}`,
  )
}
