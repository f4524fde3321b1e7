// Writes package-lock.json anew after a change of package.json: `node scripts/lock.mjs`.
//
// Some registries do not carry the platform packages of every platform. npm then leaves them out of the lockfile, and `npm ci`
// refuses that same lockfile as out of sync. The missing entries are put in by name, version and platform: npm skips those of
// foreign platforms without asking for them, and fetches the one it needs where it exists.
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), "package-lock.json")
const OS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]
const CPU = {
  arm: "arm",
  arm64: "arm64",
  ia32: "ia32",
  loong64: "loong64",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  x64: "x64",
}

const written = spawnSync("npm", ["install", "--package-lock-only", "--ignore-scripts"], { stdio: "inherit" })
if (written.status !== 0) process.exit(written.status ?? 1)

const lock = JSON.parse(readFileSync(path, "utf8"))
const added = []
for (const [owner, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const key = `node_modules/${name}`
    if (key in lock.packages || `${owner}/${key}` in lock.packages) continue
    lock.packages[key] = { version, ...platform(name), ...(dev ? { dev } : {}), optional: true }
    added.push(name)
  }
}

function platform(name) {
  const words = name.slice(name.indexOf("/") + 1).split("-")
  const os = OS.find((word) => words.includes(word))
  const cpu = words.map((word) => CPU[word]).find((word) => word !== undefined)
  if (name.includes("wasm32")) return { cpu: ["wasm32"] }
  if (os === undefined || cpu === undefined) throw new Error(`cannot tell the platform of ${name} from its name`)
  const libc =
    words.includes("musl") || words.includes("musleabihf")
      ? ["musl"]
      : words.includes("gnu") || words.includes("glibc")
        ? ["glibc"]
        : undefined
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc }), os: [os] }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)))
for (const entry of Object.values(lock.packages)) delete entry.resolved
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`)
console.error(`completed the lockfile with ${added.length} platform packages of other platforms`)
