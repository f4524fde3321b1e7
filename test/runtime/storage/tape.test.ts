import { expect, test } from "bun:test"
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import * as fc from "fast-check"
import type { TapeEntry } from "../../../src/runtime/ports.ts"
import { openTape, toLine } from "../../../src/runtime/storage/tape.ts"
import { readTape, toEntry } from "../../../src/runtime/storage/tape-reader.ts"
import { HandClock, tempDirectory } from "./support.ts"

const at = 1_723_161_255_030_314
const entry = (text: string, channel = "binance-um market/1"): TapeEntry => ({ receivedAt: at, channel, text })

async function all(file: string): Promise<TapeEntry[]> {
  const entries: TapeEntry[] = []
  for await (const one of readTape(file)) entries.push(one)
  return entries
}

async function complaintOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => "nothing",
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

test("what is recorded is read back: frames as they came, with channel and time", async () => {
  using place = tempDirectory()
  const entries = [
    entry('{"e":"trade","p":"1"}'),
    entry("pong"),
    entry('{\n"a":1}', ""),
    entry('"text"', "a b#c"),
    entry("[1]"),
    entry(""),
  ]
  const tape = await openTape({ file: place.file("t"), clock: new HandClock() })
  for (const one of entries) tape.append(one)
  await tape.close()
  expect(await all(place.file("t"))).toEqual(entries)
  expect(readFileSync(place.file("t"), "utf8").split("\n")[0]).toBe(
    '1723161255030314000 #binance-um%20market%2F1 {"e":"trade","p":"1"}',
  )
})

test("every line reads back as the entry it was made from", () => {
  const any = fc.record({ receivedAt: fc.integer({ min: 1e12, max: 9e15 }), channel: fc.string(), text: fc.string() })
  fc.assert(fc.property(any, (one) => expect(toEntry(toLine(one).slice(0, -1), "t", 1)).toEqual(one)))
})

test("lines without a channel, plain and gzipped, are read with the empty one", async () => {
  using place = tempDirectory()
  const text = `1723161255030314000 {"stream":"s"}\n1723161255030314999 {"lastUpdateId":1}`
  writeFileSync(place.file("a.jsonl"), text)
  writeFileSync(place.file("a.jsonl.gz"), gzipSync(text))
  const expected = [entry('{"stream":"s"}', ""), entry('{"lastUpdateId":1}', "")]
  expect(await all(place.file("a.jsonl"))).toEqual(expected)
  expect(await all(place.file("a.jsonl.gz"))).toEqual(expected)
})

test("it is flushed once a second, not with every frame", async () => {
  using place = tempDirectory()
  const clock = new HandClock()
  const tape = await openTape({ file: place.file("t"), clock })
  tape.append(entry("{}"))
  expect(readFileSync(place.file("t"), "utf8")).toBe("")
  clock.pass(1000)
  while (tape.counts.written === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(readFileSync(place.file("t"), "utf8")).toBe(toLine(entry("{}")))
  await tape.close()
})

test("half a line left by a crash is cut before more is recorded, and left out when read", async () => {
  using place = tempDirectory()
  const file = place.file("t")
  writeFileSync(file, `${toLine(entry('{"n":1}'))}1723161255030314000 #c {"n":`)
  expect(await all(file)).toEqual([entry('{"n":1}')])
  const tape = await openTape({ file, clock: new HandClock() })
  tape.append(entry('{"n":2}'))
  await tape.close()
  expect(await all(file)).toEqual([entry('{"n":1}'), entry('{"n":2}')])
})

test("a line that is no tape line is refused by its number; a missing file by its name", async () => {
  using place = tempDirectory()
  writeFileSync(place.file("t"), toLine(entry("{}")))
  appendFileSync(place.file("t"), "hello\n")
  expect(await complaintOf(all(place.file("t")))).toContain("t line 2 is no tape line")
  expect(await complaintOf(all(place.file("none")))).toContain("JournalError: cannot read the tape")
  expect(await complaintOf(all(place.file("none.gz")))).toContain("JournalError: cannot read the tape")
  writeFileSync(place.file("bad.gz"), "not gzip")
  expect(await complaintOf(all(place.file("bad.gz")))).toContain("JournalError: cannot read the tape")
})

test("frames that the disk cannot take are counted, and a place that cannot be written is refused at once", async () => {
  using place = tempDirectory()
  const tape = await openTape({ file: place.file("t"), clock: new HandClock(), waitingBytesMax: 100 })
  for (let count = 0; count < 10; count++) tape.append(entry('{"some":"frame of a few dozen bytes"}'))
  await tape.close()
  expect(tape.counts.written + tape.counts.dropped).toBe(10)
  expect(tape.counts.dropped).toBeGreaterThan(0)
  tape.append(entry("{}"))
  expect(await complaintOf(openTape({ file: place.path, clock: new HandClock() }))).toContain(
    "JournalError: cannot record to",
  )
})

const captured = join(process.env["PERIGEE_TAPES"] ?? "", "binance-um-btcusdt-20240808.jsonl.gz")
test.skipIf(!existsSync(captured))(
  "the captured tape of 93,954 frames is read to its end (skipped without PERIGEE_TAPES)",
  async () => {
    let frames = 0
    let last = 0
    for await (const one of readTape(captured)) {
      frames += 1
      last = one.receivedAt
      JSON.parse(one.text)
    }
    expect(frames).toBe(93_954)
    expect(last).toBeGreaterThan(1_723_000_000_000_000)
  },
)
