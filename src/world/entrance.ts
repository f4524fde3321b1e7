import type { Machine } from "../runtime/platform/shared/process.ts"
import type { Watchdog } from "../runtime/platform/shared/watchdog.ts"
import { entrance } from "#entrance"
import { type Door, openDoor } from "./door.ts"

export type { Child, Machine } from "../runtime/platform/shared/process.ts"
export type { Watchdog } from "../runtime/platform/shared/watchdog.ts"

/** The process this runs in. */
export const machine = (): Machine => entrance.machine()

/**
 * What a bot file and the modules of its own that it imports take of the runtime's modules that stays real in a simulation,
 * in words; empty where nothing does. `perigee replay` refuses a file of which this is not empty. On Deno nobody looks.
 */
export const realImports = (file: string): readonly string[] => machine().realImports(file)

/** Ends this process with `status` when its loop has stood still for five seconds, naming what it was in. */
export const watchdog = (status: number, failed: (why: string) => void): Watchdog =>
  entrance.startWatchdog({ status, failed })

/** The endpoint's door on this machine, before anything else of the program is loaded. */
export const door = (address: { readonly host: string; readonly port: number }): Promise<Door> =>
  openDoor(entrance.listener(), entrance.clock(), address)
