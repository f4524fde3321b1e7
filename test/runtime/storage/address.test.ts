import { expect, test } from "bun:test"
import { readdirSync, symlinkSync, writeFileSync } from "node:fs"
import {
  type Address,
  addressFile,
  readAddress,
  removeAddress,
  writeAddress,
} from "../../../src/runtime/storage/address.ts"
import { complaint, open, tempDirectory } from "./support.ts"

const address = (pid: number): Address => ({
  bot: "sample",
  version: "0.1.0",
  host: "127.0.0.1",
  port: 8080,
  pid,
  startedAt: 7,
})

test("the address of a bot that runs is found; once its database is let go, what is left of it is stale", () => {
  using place = tempDirectory()
  expect(readAddress(place.file())).toEqual({ kind: "absent" })
  const journal = open(place.file())
  writeAddress(place.file(), address(41))
  expect(readAddress(place.file())).toEqual({ kind: "running", address: address(41) })
  journal.close("stopped")
  expect(readAddress(place.file())).toEqual({ kind: "stale", address: address(41) })
})

test("it is written whole: no draft stays beside it, and a later one replaces it", () => {
  using place = tempDirectory()
  writeAddress(place.file(), address(41))
  writeAddress(place.file(), address(42))
  expect(readdirSync(place.path)).toEqual(["bot.db.endpoint.json"])
  expect(readAddress(place.file())).toEqual({ kind: "stale", address: address(42) })
})

test("a process removes its own address only", () => {
  using place = tempDirectory()
  writeAddress(place.file(), address(42))
  removeAddress(place.file(), 41)
  expect(readdirSync(place.path).length).toBe(1)
  removeAddress(place.file(), 42)
  removeAddress(place.file(), 42)
  expect(readAddress(place.file())).toEqual({ kind: "absent" })
})

test("a link to the database leads to the same address", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  symlinkSync(place.file(), place.file("link.db"))
  writeAddress(place.file(), address(41))
  expect(readAddress(place.file("link.db"))).toEqual({ kind: "running", address: address(41) })
  journal.close("stopped")
})

test("a damaged file or a place that cannot be written is told by name", () => {
  using place = tempDirectory()
  writeFileSync(addressFile(place.file()), "{")
  expect(complaint(() => readAddress(place.file()))).toContain(`JournalError: ${addressFile(place.file())} is damaged`)
  expect(complaint(() => writeAddress(place.file("none/bot.db"), address(1)))).toContain("none does not exist")
})
