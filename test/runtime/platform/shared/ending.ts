// A program for the tests of what is written last, and of errors nobody catches.
import { onCrash } from "../../../../src/runtime/platform/shared/crash.ts"
import { writeAll } from "../../../../src/runtime/platform/shared/output.ts"

const mode = process.argv[2]
if (mode === "flood") {
  writeAll(1, "x".repeat(3_000_000))
  process.exit(7)
}
onCrash((error) => writeAll(2, `crashed: ${String(error)}\n`))
setInterval(() => {}, 1_000)
if (mode === "reject") void Promise.reject(new Error("nobody caught this"))
if (mode === "throw") {
  setTimeout(() => {
    throw new Error("nobody caught this")
  }, 1)
}
