import { afterEach, describe, expect, test } from "bun:test"
import { LargeReader } from "../../../src/models/zmq/large.ts"
import { until } from "../../world/until.ts"
import { ManualClock } from "./fixtures.ts"

const worker = new URL("./dying-reader.ts", import.meta.url)
const DIES = 2
const READS = 1
const IS_SILENT = 3
const open: LargeReader[] = []
afterEach(() => {
  for (const reader of open.splice(0)) reader.close()
})

function reading() {
  const clock = new ManualClock()
  const heard: string[] = []
  const reader = new LargeReader({ clock, random: { next: () => 1 }, bytesMax: 100, worker }, (result) =>
    heard.push(`${result.id} ${"why" in result ? result.why : "?"}`),
  )
  open.push(reader)
  let id = 0
  const read = (what: number, bytes = 10) => reader.read(++id, new Uint8Array(bytes).fill(what), "plain" as never)
  const come = (count: number) => until(`${count} results`, () => heard.length >= count)
  return { clock, reader, heard, read, come }
}

const death = "the worker that reads large replies broke down: planned death"

describe("the reader of large replies", () => {
  test("is started for the first one and ended when there were none for half a minute, or when it is closed", async () => {
    const { clock, reader, read, come, heard } = reading()
    expect(reader.isAlive).toBe(false)
    read(READS)
    await come(1)
    clock.advance(29_999)
    expect(reader.isAlive).toBe(true)
    clock.advance(1)
    expect(reader.isAlive).toBe(false)
    read(READS)
    await come(2)
    reader.close()
    expect([reader.isAlive, clock.pending]).toEqual([false, 0])
    read(READS)
    expect([reader.isAlive, heard]).toEqual([false, ["1 read", "2 read"]])
  })

  test("holds so many bytes at most, but one of any size", async () => {
    const { read, come, heard } = reading()
    read(READS, 1_000)
    read(READS, 10)
    expect(heard).toEqual(["2 1000 bytes of large replies are being read already, this one of 10 was refused"])
    await come(2)
    read(READS, 60)
    read(READS, 40)
    read(READS, 1)
    await come(5)
    expect(heard.slice(1)).toEqual([
      "1 read",
      "5 100 bytes of large replies are being read already, this one of 1 was refused",
      "3 read",
      "4 read",
    ])
  })

  test("that dies fails what it was reading; another starts at once, and later ones after growing pauses", async () => {
    const { clock, read, come, heard } = reading()
    read(DIES)
    read(READS)
    await come(2)
    read(DIES)
    await come(3)
    read(READS)
    clock.advance(500)
    read(DIES)
    await come(5)
    clock.advance(999)
    read(READS)
    clock.advance(1)
    read(READS)
    await come(7)
    expect(heard).toEqual([
      `1 ${death}`,
      `2 ${death}`,
      `3 ${death}`,
      `4 ${death}; another starts in 500 ms`,
      `5 ${death}`,
      `6 ${death}; another starts in 1 ms`,
      "7 read",
    ])
  })

  test("that reads nothing for twenty seconds is given up", async () => {
    const { clock, reader, read, heard } = reading()
    read(IS_SILENT)
    clock.advance(20_000)
    expect([reader.isAlive, heard]).toEqual([
      false,
      ["1 the worker that reads large replies broke down: it read nothing for 20000 ms"],
    ])
  })
})
