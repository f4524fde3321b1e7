// Prints its resident file pages before and after a trim, and that it still computes.
import { readFileSync } from "node:fs"
import { trimFrom } from "../../../../src/runtime/platform/bun/trim.ts"

const fileKb = (): number => Number(/RssFile:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1])
// Much of the executable's code, used once.
for (const name of ["http", "crypto", "zlib", "net"]) await import(`node:${name}`)
const text = `import { dlopen } from "bun:ffi"\n${trimFrom(300)}`
const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), { type: "module" })
worker.addEventListener("error", ({ message }) => console.error(message))
await Bun.sleep(150)
const before = fileKb()
await Bun.sleep(350)
const after = fileKb()
const sum = Array.from({ length: 1_000 }, (_, at) => at).reduce((a, b) => a + b)
console.log(JSON.stringify({ before, after, sum }))
process.exit()
