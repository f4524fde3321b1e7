import { resolve } from "node:path"
import { addressOf, token } from "../../world/address.ts"
import type { Machine } from "../../world/entrance.ts"
import type { RemoteDeps } from "./remote.ts"

/** How this process reaches a running bot. */
export const remoteDeps = (machine: Machine): RemoteDeps => ({
  terminal: machine,
  http: {
    async request(call, timeoutMs) {
      const { outside } = await import("../../world/machine.ts")
      return outside({ level: "error", to: 2 }).http.request(call, timeoutMs)
    },
  },
  addressOf: (database) => addressOf(resolve(machine.cwd, database)),
  token: () => token(machine.env),
})
