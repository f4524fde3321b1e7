import { resolve } from "node:path"
import { addressOf, outside, token } from "../../world/machine.ts"
import type { Machine } from "../../world/machine.ts"
import type { RemoteDeps } from "./remote.ts"

/** How this process reaches a running bot. */
export const remoteDeps = (machine: Machine): RemoteDeps => ({
  terminal: machine,
  http: outside({ level: "error", to: 2 }).http,
  addressOf: (database) => addressOf(resolve(machine.cwd, database)),
  token: () => token(machine.env),
})
