import { ModelError } from "../../runtime/domain/errors.ts"

/** Where to connect to, as Bun's sockets want it. */
export type Address = { readonly hostname: string; readonly port: number } | { readonly unix: string }

const PORT_MAX = 65_535
/** Of a socket's path, with its closing zero: unix(7). */
const PATH_BYTES_MAX = 107

/** `tcp://host:port`, `tcp://[::1]:port`, `ipc://path` or, in Linux's namespace without files, `ipc://@name`. Throws ModelError. */
export function addressOf(endpoint: string): Address {
  if (endpoint.startsWith("ipc://")) return fileOf(endpoint)
  const found = /^tcp:\/\/(?:\[([0-9a-fA-F:.%\w]+)\]|([^:;/[\]*]+)):(\d{1,5})$/.exec(endpoint)
  const port = Number(found?.[3])
  if (found === null || port < 1 || port > PORT_MAX)
    throw new ModelError(`cannot connect to ${endpoint}: an endpoint is tcp://host:port or ipc://path`)
  return { hostname: (found[1] ?? found[2]) as string, port }
}

function fileOf(endpoint: string): Address {
  const path = endpoint.slice("ipc://".length)
  if (path === "" || path === "*" || Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new ModelError(
      `cannot connect to ${endpoint}: ipc:// wants the path of a socket, at most ${PATH_BYTES_MAX} bytes`,
    )
  return { unix: path.startsWith("@") ? `\0${path.slice(1)}` : path }
}
