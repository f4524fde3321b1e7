import { expect, test } from "bun:test"
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
