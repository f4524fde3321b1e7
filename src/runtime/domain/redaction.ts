/** Keeps secrets out of everything that is written or answered: logs, errors, events, state dumps. */
export const REDACTED = "[REDACTED]"

/**
 * An identifier so that a person can recognise it but nobody can use it. By number of characters: up to 8 nothing is
 * shown, up to 14 the first and last 3, from 15 on the first 6 and last 4. Empty stays empty.
 */
export function maskId(id: string): string {
  const characters = Array.from(id)
  if (characters.length === 0) return ""
  if (characters.length <= 8) return REDACTED
  if (characters.length <= 14) return `${characters.slice(0, 3).join("")}...${characters.slice(-3).join("")}`
  return `${characters.slice(0, 6).join("")}...${characters.slice(-4).join("")}`
}

// Words that show a frame or request to carry a credential or a signature.
const TELLTALES = [
  "api_key",
  "apikey",
  "access_token",
  "accesstoken",
  "secret",
  "signature",
  "passphrase",
  '"auth"',
  '"key"',
  '"sign"',
  "listenkey",
]

export function isTelltale(text: string): boolean {
  const lower = text.toLowerCase()
  return TELLTALES.some((word) => lower.includes(word))
}

/** An outgoing frame for a log line: as it is, or only its length where it looks as if it carried a credential. */
export const maskFrame = (text: string): string =>
  isTelltale(text) ? `${REDACTED} (${new TextEncoder().encode(text).length} bytes)` : text

/** The text with every secret replaced, also where it stands percent-encoded or escaped as in JSON. */
export const mask = (text: string, secrets: readonly string[]): string => masker(secrets)(text)

/** `mask` for many texts and the same secrets. */
export function masker(secrets: readonly string[]): (text: string) => string {
  const forms = formsOf(secrets)
  return (text) => {
    let masked = text
    for (const form of forms) if (masked.includes(form)) masked = masked.replaceAll(form, REDACTED)
    return masked
  }
}

// Longest first: a secret may be a part of another.
function formsOf(secrets: readonly string[]): string[] {
  const forms = new Set<string>()
  for (const secret of secrets) {
    if (secret.trim() === "") continue
    forms.add(secret).add(percentEncoded(secret)).add(JSON.stringify(secret).slice(1, -1))
  }
  return [...forms].sort((a, b) => b.length - a.length)
}

// A lone surrogate cannot be percent-encoded; such text is no real secret, but masking must not throw.
function percentEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret)
  } catch {
    return secret
  }
}

const SECRET_NAME =
  /secret|passphrase|password|private_?key|api_?key|listen_?key|token|signature|authorization|credential/i

/** Whether something of that name is to be hidden. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name)

/**
 * A copy of plain data without secrets: every text is masked, a number that is a secret too, and whatever text stands under a name
 * that is a secret's name (`apiKey`, `token`, …) is gone. Typed arrays, Maps, Sets and Errors become what JSON can show;
 * what refers back to itself is cut, and what throws while it is read is `[unreadable]`: whoever logs an error must not get
 * another.
 */
export function maskData(value: unknown, secrets: readonly string[]): unknown {
  return copy(value, { hide: masker(secrets), secrets: new Set(secrets) }, false, [])
}

interface Hiding {
  readonly hide: (text: string) => string
  readonly secrets: ReadonlySet<string>
}

function copy(value: unknown, hiding: Hiding, isSecret: boolean, above: readonly object[]): unknown {
  if (typeof value === "string") return isSecret && value !== "" ? REDACTED : hiding.hide(value)
  if (typeof value === "number") return hiding.secrets.has(String(value)) ? REDACTED : value
  if (typeof value === "bigint") return copy(value.toString(), hiding, isSecret, above)
  if (typeof value === "function" || typeof value === "symbol") return undefined
  if (typeof value !== "object" || value === null) return value
  if (above.includes(value)) return "[circular]"
  try {
    return copyObject(value, hiding, isSecret, [...above, value])
  } catch {
    return "[unreadable]"
  }
}

function copyObject(value: object, hiding: Hiding, isSecret: boolean, path: readonly object[]): unknown {
  const inner = (item: unknown): unknown => copy(item, hiding, isSecret, path)
  if (Array.isArray(value)) return value.map(inner)
  if (value instanceof Set) return [...value].map(inner)
  if (value instanceof Error)
    return { name: inner(value.name), message: inner(value.message), cause: inner(value.cause) }
  if (ArrayBuffer.isView(value)) return value instanceof DataView ? undefined : Array.from(value as Float64Array, inner)
  const entries =
    value instanceof Map ? [...value].map(([key, item]) => [String(key), item] as const) : Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, item]) => [hiding.hide(name), copy(item, hiding, isSecret || isSecretName(name), path)]),
  )
}
