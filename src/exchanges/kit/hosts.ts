import { ConfigError } from "../../runtime/domain/errors.ts"
import type { VenueOptions } from "../../runtime/ports.ts"

/** A venue's base URLs, by use; paths after them are the adapter's. */
export type Hosts<Name extends string> = Readonly<Record<Name, string>>

/** The hosts of one environment, or every path of them on the `endpoint` given. */
export function hostsOf<Name extends string>(
  table: Readonly<Record<"production" | "testnet", Hosts<Name>>>,
  options: VenueOptions,
): Hosts<Name> {
  const hosts = table[options.environment ?? "production"]
  if (options.endpoint === undefined) return hosts
  const base = endpointOf(options.endpoint)
  const moved = Object.entries<string>(hosts).map(([name, url]) => {
    const { protocol, pathname } = new URL(url)
    const scheme = protocol.startsWith("ws") ? base.ws : base.http
    return [name, `${scheme}//${base.host}${pathname === "/" ? "" : pathname}`]
  })
  return Object.fromEntries(moved) as Hosts<Name>
}

function endpointOf(endpoint: string): { http: string; ws: string; host: string } {
  if (!URL.canParse(endpoint)) throw new ConfigError(`endpoint "${endpoint}" is no URL; write http://127.0.0.1:8080`)
  const { protocol, host } = new URL(endpoint)
  if (protocol === "http:" || protocol === "ws:") return { http: "http:", ws: "ws:", host }
  if (protocol === "https:" || protocol === "wss:") return { http: "https:", ws: "wss:", host }
  throw new ConfigError(`endpoint "${endpoint}" must start with http:// or https://`)
}
