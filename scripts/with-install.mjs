// Runs a program of the pinned toolchain, installing it first when something is missing: `node scripts/with-install.mjs bun test`.
// Plain JavaScript for Node 20 without dependencies, because it runs before anything is installed. Everything it says goes to
// stderr: stdout belongs to the program.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { constants } from "node:os"
import { delimiter, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, "node_modules")

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"))
}

// Compares versions package by package, so that an installation made by `npm install` or `bun install` is as good as our own.
function isInstalled() {
  const { packages } = readJson(join(root, "package-lock.json"))
  return Object.entries(packages).every(([path, { version, optional }]) => {
    if (path === "" || optional) return true
    const manifest = join(root, path, "package.json")
    return existsSync(manifest) && readJson(manifest).version === version
  })
}

function isMusl() {
  return process.platform === "linux" && process.report.getReport().header.glibcVersionRuntime === undefined
}

// The npm package `bun` would move its executable into place in a postinstall script; scripts are off here (none may download
// anything), so the executable is taken from the platform package beside it.
function bunPath() {
  const cpu = process.arch === "arm64" ? "aarch64" : process.arch
  const name = `@oven/bun-${process.platform === "win32" ? "windows" : process.platform}-${cpu}${isMusl() ? "-musl" : ""}`
  const file = process.platform === "win32" ? "bun.exe" : "bun"
  return found(`${name}/bin/${file}`)
}

// The npm package `deno` starts its executable through a script that does not pass signals on; it is started directly.
function denoPath() {
  const libc = process.platform !== "linux" ? "" : isMusl() ? "-musl" : "-glibc"
  const file = process.platform === "win32" ? "deno.exe" : "deno"
  return found(`@deno/${process.platform}-${process.arch}${libc}/${file}`)
}

function found(file) {
  try {
    return createRequire(join(root, "package.json")).resolve(file)
  } catch {
    return undefined
  }
}

function install() {
  const why = existsSync(modules) ? "node_modules is out of step with package-lock.json" : "no node_modules yet"
  console.error(`perigee: ${why}, running npm ci; it may take a minute`)
  // better-sqlite3 asks for a newer Node than 20 and runs on Bun here: npm's warning of it would be the first thing anybody reads.
  const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"]
  const done = spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" })
  if (done.status !== 0) {
    console.error("perigee: npm ci failed")
    process.exit(done.status ?? 1)
  }
}

// Makes `node_modules/.bin/bun` work for people and editors too.
function link(bun) {
  const placeholder = join(modules, "bun", "bin", "bun.exe")
  if (process.platform === "win32" || !existsSync(dirname(placeholder))) return
  if (lstatSync(placeholder, { throwIfNoEntry: false })?.isSymbolicLink()) return
  rmSync(placeholder, { force: true })
  symlinkSync(relative(dirname(placeholder), bun), placeholder)
}

function run(program, args) {
  const env = { ...process.env, PATH: `${join(modules, ".bin")}${delimiter}${process.env.PATH ?? ""}` }
  const child = spawn(program, args, { stdio: "inherit", env })
  // A terminal delivers Ctrl-C to the whole process group, so the child has it already; from anywhere else it is passed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"))
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  // npm runs this below a shell of its own. Where that dies without a word (kill -9), the child must not live on alone.
  const parent = process.ppid
  setInterval(() => process.ppid === parent || child.kill("SIGTERM"), 500).unref()
  child.on("error", (error) => {
    console.error(`perigee: cannot start ${program}: ${error.message}`)
    process.exit(127)
  })
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

const [program, ...args] = process.argv.slice(2)
if (program === undefined) {
  console.error("usage: node scripts/with-install.mjs PROGRAM [ARGUMENT…]")
  process.exit(2)
}
if (!isInstalled() || bunPath() === undefined) install()
const bun = bunPath()
if (bun === undefined) {
  console.error(`perigee: there is no Bun for ${process.platform} ${process.arch} among the installed packages`)
  process.exit(1)
}
link(bun)
if (program === "deno" && denoPath() === undefined) {
  console.error(`perigee: there is no Deno for ${process.platform} ${process.arch} among the installed packages`)
  process.exit(1)
}
const executables = { bun, deno: denoPath() }
run(executables[program] ?? join(modules, ".bin", program), args)
