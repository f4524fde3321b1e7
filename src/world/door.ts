import type { Clock, Listener } from "../runtime/ports.ts"

type Answer = (request: Request, remote: { readonly isLoopback: boolean }) => Response | Promise<Response>

/**
 * What listens for the endpoint. It stands before the bot behind it is loaded: from a few milliseconds after the start of the
 * process `/health` says that its loop turns, `/ready` that it starts; other requests wait for the bot.
 */
export interface Door {
  readonly host: string
  readonly port: number
  /** From now on requests go there. */
  lead(to: Answer): void
  /** Lets the sockets be served once: between two long steps of a start. */
  breathe(): Promise<void>
  /** Harmless where it is closed already. */
  close(): Promise<void>
}

/** Throws ConfigError where the address cannot be had. */
export async function openDoor(
  listener: Listener,
  clock: Clock,
  address: { readonly host: string; readonly port: number },
): Promise<Door> {
  const inside = Promise.withResolvers<Answer>()
  let answer: Answer = (request, remote) =>
    atDoor(request, clock) ?? inside.promise.then((behind) => behind(request, remote))
  const { host, port, close } = await listener.listen({
    ...address,
    request: (request, remote) => answer(request, remote),
  })
  let closing: Promise<void> | undefined
  return {
    host,
    port,
    close: () => (closing ??= Promise.try(close)),
    lead(to) {
      answer = to
      inside.resolve(to)
    },
    breathe: () => new Promise((resolve) => clock.defer(resolve)),
  }
}

/** Where this machine reaches what listens there: what listens on all addresses does on loopback, too. */
export const reachable = (host: string): string => ({ "0.0.0.0": "127.0.0.1", "::": "::1" })[host] ?? host

/** URL, without a path, of what listens there. An IPv6 address stands in brackets (RFC 3986, 3.2.2). */
export function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const reached = reachable(host)
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`
}

const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" }

function atDoor({ method, url }: Request, clock: Clock): Response | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined
  const { pathname } = new URL(url)
  if (pathname === "/health") {
    const uptimeMs = Math.round(clock.monotonic() / 1_000)
    return Response.json({ ok: true, uptimeMs, loopLagMs: 0 }, { headers: HEADERS })
  }
  if (pathname !== "/ready") return undefined
  return Response.json({ ready: false, reasons: ["the bot starts"], skipped: [] }, { status: 503, headers: HEADERS })
}
