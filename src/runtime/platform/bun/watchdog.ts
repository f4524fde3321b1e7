import { type Watchdog, type WatchdogOptions, watchdogWith } from "../shared/watchdog.ts"
import { trimFrom } from "./trim.ts"

const EXIT_FROM = `
import { dlopen } from "bun:ffi"
const exitFrom = (file) => dlopen(file, { _exit: { args: ["i32"], returns: "void" } }).symbols._exit
`

/** Its worker also keeps the process's memory small: it is the one thread that is always there and never busy. */
export const startWatchdog = (options?: WatchdogOptions): Watchdog => watchdogWith(EXIT_FROM + trimFrom(), options)
