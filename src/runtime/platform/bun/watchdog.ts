import { type Watchdog, type WatchdogOptions, watchdogWith } from "../shared/watchdog.ts"

const EXIT_FROM = `
import { dlopen } from "bun:ffi"
const exitFrom = (file) => dlopen(file, { _exit: { args: ["i32"], returns: "void" } }).symbols._exit
`

export const startWatchdog = (options?: WatchdogOptions): Watchdog => watchdogWith(EXIT_FROM, options)
