import { type Watchdog, type WatchdogOptions, watchdogWith } from "../shared/watchdog.ts"

// Deno's own API, because no builtin of Node ends a process from a worker with a status.
const EXIT_FROM = `
const exitFrom = (file) => Deno.dlopen(file, { _exit: { parameters: ["i32"], result: "void" } }).symbols._exit
`

export const startWatchdog = (options?: WatchdogOptions): Watchdog => watchdogWith(EXIT_FROM, options)
