import type { Env } from "../../ports.ts"

export function processEnv(): Env {
  return {
    get: (name) => process.env[name],
    names: (prefix) => Object.keys(process.env).filter((name) => name.startsWith(prefix)),
    pid: process.pid,
    memoryBytes: () => process.memoryUsage.rss(),
  }
}
