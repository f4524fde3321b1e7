// Started on Deno with the path of a suite; prints what became of each of its tests.
import { pathToFileURL } from "node:url"
import { run } from "./bun-test.ts"

const [file = ""] = process.argv.slice(2)
await import(pathToFileURL(file).href)
console.log(JSON.stringify(await run()))
process.exit(0)
