import { expect, test } from "bun:test"
import { front } from "../../src/exchanges/binance/front.ts"
import { binanceUm } from "../../src/exchanges/binance/index.ts"
import type { Outside, Socket, SocketHandler, TapeEntry } from "../../src/runtime/ports.ts"
import { virtualOutside } from "../../src/runtime/simulation/outside.ts"
import { Recorder } from "../../src/world/recording.ts"

test("what a socket still brings once its feed has closed it is heard by nobody, and is not on the tape", () => {
  const entries: TapeEntry[] = []
  const outside = virtualOutside({ startAt: 1_000_000, seed: 1, drain: () => undefined })
  let venue: SocketHandler | undefined
  const socket: Socket = { send: () => true, ping() {}, bufferedBytes: () => 0, close() {} }
  const sockets: Outside["sockets"] = { open: (_, handler) => ((venue = handler), socket) }
  const tape = { append: (entry: TapeEntry) => void entries.push(entry), close: () => Promise.resolve() }
  const recorder = new Recorder({ tape, venue: binanceUm(), clock: outside.clock })
  const feeds = recorder.feeds({ ...outside, sockets })
  const ignored = { open() {}, text() {}, closed() {} }
  const opened = feeds.sockets.open({ url: "wss://venue.example/public/stream", connectMsMax: 1 }, ignored)
  venue?.text("{}", 1)
  opened.close(1000, "")
  venue?.text('{"late":1}', 2)
  venue?.closed(1000, "")
  expect(entries.map(({ text }) => text)).toEqual(["{}", '{"code":1000,"reason":""}'])
})

test("a listing is written again where it says something else of an instrument, not where only its time is another", async () => {
  const entries: TapeEntry[] = []
  const { clock } = virtualOutside({ startAt: 1_000_000, seed: 1, drain: () => undefined })
  const tape = { append: (entry: TapeEntry) => void entries.push(entry), close: () => Promise.resolve() }
  const venue = binanceUm()
  const exchange = front({ seed: 1, startedAt: 1_000_000, accounts: [] })
  const asked = { method: "GET", path: "/fapi/v1/exchangeInfo", query: "", headers: {}, body: "" }
  const rewrite = { from: "", to: "" }
  const recorder = new Recorder({ tape, venue, clock })
  const http = recorder.http({
    request: async () => {
      const { status, body } = exchange.request(asked, 0)
      return { status, headers: {}, body: body.replace(rewrite.from, rewrite.to) }
    },
  })
  const ask = async (from: string, to: string): Promise<number> => {
    Object.assign(rewrite, { from, to })
    const reply = await http.request(venue.encode("instruments", {}, { now: 0 }), 1_000)
    expect(reply.status).toBe(200)
    return entries.length
  }
  expect(await ask("", "")).toBe(1)
  expect(await ask('"serverTime":1000', '"serverTime":2000')).toBe(1)
  expect(await ask('"tickSize":"0.10"', '"tickSize":"0.50"')).toBe(2)
  expect(await ask('"tickSize":"0.10"', '"tickSize":"0.50"')).toBe(2)
  // One that cannot be read says nothing of any.
  expect(await ask('"symbols"', '"gone"')).toBe(2)
  expect(await ask("", "")).toBe(3)
  expect(entries.map(({ channel }) => channel)).toEqual(Array(3).fill("binance-um GET /fapi/v1/exchangeInfo"))
  expect(entries[1]?.text).toContain('"tickSize":"0.50"')
})
