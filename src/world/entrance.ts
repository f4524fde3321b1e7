import type { Machine } from "../runtime/platform/shared/process.ts"
import { entrance } from "#entrance"
import { type Door, openDoor } from "./door.ts"

export type { Child, Machine } from "../runtime/platform/shared/process.ts"

/** The process this runs in. */
export const machine = (): Machine => entrance.machine()

/** The endpoint's door on this machine, before anything else of the program is loaded. */
export const door = (address: { readonly host: string; readonly port: number }): Promise<Door> =>
  openDoor(entrance.listener(), entrance.clock(), address)
