import { createHmac, timingSafeEqual } from "node:crypto"
import type { FrontRequest } from "../../../runtime/ports.ts"
import type { Params } from "./params.ts"
import { refusal } from "./refusal.ts"

const recvWindowMsDefault = 5_000
const recvWindowMsMax = 60_000

const hmac = (secret: string, payload: string): string => createHmac("sha256", secret).update(payload).digest("hex")

/** Hex, upper or lower case: "the signature is not case sensitive". */
function isSame(expected: string, given: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(given.toLowerCase())
  return a.length === b.length && timingSafeEqual(a, b)
}

/** `text` without its `signature` parameter, exactly as received otherwise. */
function unsigned(text: string): string {
  if (!text.includes("signature=")) return text
  return text
    .split("&")
    .filter((part) => !part.startsWith("signature="))
    .join("&")
}

/**
 * The signature is over the query string followed by the body, with nothing between them (general info, "SIGNED Endpoint Security",
 * read 2026-11-22).
 */
export function checkSignature(request: FrontRequest, params: Params, secret: string): void {
  const given = params.need("signature")
  const expected = hmac(secret, unsigned(request.query) + unsigned(request.body))
  if (!isSame(expected, given)) throw refusal(-1022)
}

/** WebSocket API: all parameters but the signature, sorted by name, joined as a query. */
export function checkSortedSignature(params: Params, secret: string): void {
  const given = params.need("signature")
  const payload = params
    .entries()
    .filter(([name]) => name !== "signature")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&")
  if (!isSame(hmac(secret, payload), given)) throw refusal(-1022)
}

/** Not more than a second ahead of the venue, and not older than recvWindow. */
export function checkTime(params: Params, now: number): void {
  const timestamp = params.needInt("timestamp")
  const window = params.int("recvWindow") ?? recvWindowMsDefault
  if (window < 0 || window > recvWindowMsMax) throw refusal(-1130, "recvWindow")
  const server = Math.floor(now / 1000)
  if (timestamp >= server + 1000) {
    const ahead = refusal(-1021)
    ahead.message = "Timestamp for this request was 1000ms ahead of the server's time."
    throw ahead
  }
  if (server - timestamp > window) throw refusal(-1021)
}
