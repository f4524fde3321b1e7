import { ConfigError, describe } from "../../domain/errors.ts"

/** A client that lets this much pile up is cut: it will never catch up, and its memory is ours. */
export const bufferedBytesMax = 64 * 1024 * 1024
export const frameBytesMax = 16 * 1024 * 1024
/** Seconds without a byte before an HTTP connection is closed; an answer that streams must speak more often. */
export const idleSecMax = 120

export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address)

/** What an upgrade is answered with where no WebSocket is served, where the handshake is none, and where a handler failed. */
export const NO_SOCKETS = { status: 426, body: "no WebSocket is served here\n" }
export const NO_HANDSHAKE = { status: 400, body: "not a WebSocket handshake\n" }
export const internalError = (error: unknown): { status: number; body: string } => ({
  status: 500,
  body: `internal error: ${describe(error)}\n`,
})

const NO_ADDRESS = "this machine has no such address; 127.0.0.1 is itself alone, 0.0.0.0 every address"
const NO_PORT = "a port is a number from 0 to 65535"
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use; stop what holds it, or choose another (0 picks a free one)",
  EACCES: "this user may not bind it; choose a port from 1024 up",
  EADDRNOTAVAIL: NO_ADDRESS,
  // Deno's word for it.
  EINVAL: NO_ADDRESS,
  ERR_OUT_OF_RANGE: NO_PORT,
  ERR_SOCKET_BAD_PORT: NO_PORT,
}

export function bindError(host: string, port: number, error: unknown): ConfigError {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  return new ConfigError(`cannot listen on ${host}:${port}: ${REMEDIES[code] ?? describe(error)}`, { cause: error })
}
