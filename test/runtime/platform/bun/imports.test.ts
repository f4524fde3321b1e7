import { afterAll, describe, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { realImports } from "../../../../src/runtime/platform/bun/imports.ts"

const home = mkdtempSync(join(tmpdir(), "perigee-imports-"))
afterAll(() => rmSync(home, { recursive: true }))

let folders = 0
/** What is found of `bot.ts` among these files. */
function found(files: Readonly<Record<string, string>>): readonly string[] {
  const folder = join(home, String(++folders))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return realImports(join(folder, "bot.ts"))
}

const TIME = "use ctx.now(), ctx.after() and ctx.every()"
const CHANCE = "use ctx.random(), or crypto.randomUUID() when it is needed"
const NETWORK = "declare a feed, an orders task or a model: a simulation has no other network"
const PROCESS = "give the bot what it needs as a parameter"

const REAL: readonly (readonly [statement: string, what: string])[] = [
  ['import { setTimeout } from "node:timers"; setTimeout', `node:timers: ${TIME}`],
  ['import { setTimeout as later } from "timers/promises"; later', `timers/promises: ${TIME}`],
  ['import { performance } from "node:perf_hooks"; performance', `node:perf_hooks: ${TIME}`],
  ['import { hrtime } from "node:process"; hrtime', `hrtime of node:process: ${TIME}`],
  ['import { exit } from "process"; exit', `exit of process: ${PROCESS}`],
  [
    'import * as process from "node:process"; console.log(process)',
    "all of node:process: import by name what it needs of it",
  ],
  ['import { sleep } from "bun"; sleep', `sleep of bun: ${TIME}`],
  ['import { nanoseconds } from "bun"; nanoseconds', `nanoseconds of bun: ${TIME}`],
  ['import { randomUUIDv7, hash } from "bun"; hash; randomUUIDv7', `randomUUIDv7 of bun: ${CHANCE}`],
  ['import { serve } from "bun"; serve', `serve of bun: ${NETWORK}`],
  ['import { $ } from "bun"; $', `$ of bun: ${PROCESS}`],
  [
    'import { createHash, randomUUID as id } from "node:crypto"; createHash; id',
    `randomUUID of node:crypto: ${CHANCE}`,
  ],
  ['import crypto, { webcrypto } from "node:crypto"; crypto; webcrypto', `webcrypto of node:crypto: ${CHANCE}`],
  ['import * as all from "crypto"; console.log(all.createHash)', "all of crypto: import by name what it needs of it"],
  ['export { randomInt } from "node:crypto"', `randomInt of node:crypto: ${CHANCE}`],
  ['export * from "node:timers"', `node:timers: ${TIME}`],
  ['import "node:http"', `node:http: ${NETWORK}`],
  ['import type { Agent } from "node:https"\nimport { connect } from "node:tls"; connect', `node:tls: ${NETWORK}`],
  ['import WebSocket from "ws"; WebSocket', `ws: ${NETWORK}`],
  ['import { spawn } from "node:child_process"; spawn', `node:child_process: ${PROCESS}`],
  ['import { Database } from "bun:sqlite"; Database', "bun:sqlite: keep it in ctx.state"],
  ['const { setTimeout: later } = await import("node:timers/promises"); later', `node:timers/promises: ${TIME}`],
  ["await import(`node:${'dgram'}`)", `node:dgram: ${NETWORK}`],
  [
    'const later = async () => (await import("node:crypto")).randomUUID(); later',
    "all of node:crypto: import by name what it needs of it",
  ],
  ['import timers = require("node:timers"); timers', `node:timers: ${TIME}`],
  ['const { hrtime } = require("process"); hrtime', "all of process: import by name what it needs of it"],
]

const PURE = [
  'import { join } from "node:path"; join',
  'import { inspect, types } from "util"; inspect; types',
  'import { Buffer } from "node:buffer"; Buffer',
  'import assert from "node:assert"; assert',
  'import { EventEmitter } from "node:events"; EventEmitter',
  'import { readFileSync } from "node:fs"; readFileSync',
  'import { createHash, createHmac, timingSafeEqual } from "node:crypto"; createHash; createHmac; timingSafeEqual',
  'import crypto from "node:crypto"; crypto',
  'import process, { env } from "node:process"; process; env',
  'import { CryptoHasher, deepEquals } from "bun"; CryptoHasher; deepEquals',
  'import { bot } from "perigee"; bot',
  'import type { IncomingMessage } from "node:http"; let one: IncomingMessage | undefined; one',
  'import { type Timer, type Server } from "node:net"; let one: Timer | Server | undefined; one',
  '// import { sleep } from "bun"\nconst text = `\nimport { hrtime } from "node:process"\n`; text',
]

describe("what a bot file imports that stays real", () => {
  test.each(REAL)("is named with what to use instead: %s", (statement, what) => {
    expect(found({ "bot.ts": statement })).toEqual([`bot.ts imports ${what}`])
  })

  test.each(PURE)("is nothing of what is pure, a type, or no import: %s", (statement) => {
    expect(found({ "bot.ts": statement })).toEqual([])
  })

  test("is found in modules of its own, however far, each looked at once; packages and what is missing are left alone", () => {
    const files = {
      "bot.ts": 'import "./lib/a.ts"; import { b } from "./lib/b.js"; import "some-package"; import "./missing.ts"; b',
      "lib/a.ts": 'import { b } from "./b.ts"; import "../bot.ts"; export const a = b',
      "lib/b.ts":
        'import { hrtime } from "node:process"; import data from "./data.json"; export const b = [hrtime, data]',
      "lib/data.json": '{ "import": "node:net" }',
      "node_modules/some-package/package.json": '{ "name": "some-package", "main": "index.js" }',
      "node_modules/some-package/index.js": 'import "node:net"',
    }
    expect(found(files)).toEqual([`lib/b.ts imports hrtime of node:process: ${TIME}`])
  })

  test("is found among many names over several lines, and not in a file that does not parse", () => {
    const names = Array.from({ length: 40 }, (_, at) => `createHash as hash${at}`).join(",\n  ")
    const uses = Array.from({ length: 40 }, (_, at) => `hash${at}`).join(";")
    const statement = `import {\n  ${names},\n  randomBytes,\n} from "node:crypto"\n${uses}; randomBytes`
    expect(found({ "bot.ts": statement })).toEqual([`bot.ts imports randomBytes of node:crypto: ${CHANCE}`])
    expect(found({ "bot.ts": 'import { from "node:timers"' })).toEqual([])
  })
})
