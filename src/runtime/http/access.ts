import { createHash, timingSafeEqual } from "node:crypto"

/**
 * `open`: for anyone, carries no amounts. `told`: what the bot knows; with the token, or from this machine. `control`: changes what the bot
 * does; with the token only.
 */
export type Level = "open" | "told" | "control"

export interface Refusal {
  readonly status: 401 | 403
  readonly error: string
}

/** Why this request may not have what it asks for; undefined where it may. */
export function refusal(
  request: Request,
  isLoopback: boolean,
  level: Level,
  token: string | undefined,
): Refusal | undefined {
  if (level === "open") return undefined
  if (isForeignPage(request)) return { status: 403, error: "asked for by a page of another origin" }
  if (token === undefined && level === "control")
    return {
      status: 403,
      error: "control is off: no token is configured; give the bot PERIGEE_TOKEN, and its caller the same",
    }
  if (token !== undefined && hasToken(request, token)) return undefined
  if (level === "told" && isLoopback && isDirect(request)) return undefined
  if (token === undefined) return { status: 403, error: "only told on this machine itself: no token is configured" }
  return { status: 401, error: "the bearer token is missing or wrong" }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

// Digests are of equal length, so the comparison takes the same time whatever was sent.
function hasToken(request: Request, token: string): boolean {
  const [scheme = "", sent = ""] = (request.headers.get("authorization") ?? "").split(/ +/)
  return scheme.toLowerCase() === "bearer" && timingSafeEqual(digest(sent), digest(token))
}

// A browser on this machine sends requests over loopback for any page it shows. It then names the page's origin, or says "cross-site".
function isForeignPage(request: Request): boolean {
  const origin = request.headers.get("origin")
  if (origin !== null) return hostOf(origin) !== hostHeader(request)
  const site = request.headers.get("sec-fetch-site")
  return (site === "cross-site" || site === "same-site") && request.headers.get("sec-fetch-mode") !== "navigate"
}

// A name that an attacker's server first resolved to itself and then to 127.0.0.1 would make its page same-origin: only names that mean
// this machine count. And what a proxy on this machine forwards does not come from this machine.
function isDirect(request: Request): boolean {
  if (request.headers.has("forwarded") || request.headers.has("x-forwarded-for") || request.headers.has("x-real-ip"))
    return false
  const name = (hostHeader(request) ?? "").replace(/:\d+$/, "").toLowerCase()
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name)
}

const hostHeader = (request: Request): string | undefined => request.headers.get("host") ?? hostOf(request.url)

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}
