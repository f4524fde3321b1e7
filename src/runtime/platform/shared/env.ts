import type { Env } from "../../ports.ts"

export function processEnv(): Env {
  return {
    get: (name) => process.env[name],
    pid: process.pid,
    memoryBytes: () => process.memoryUsage.rss(),
  }
}
