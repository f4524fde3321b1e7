import { describe, expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { type Json, Keeper } from "./front-desk.ts"
import { realFront } from "./front-server.ts"

const captured = join(process.env.PERIGEE_TAPES ?? "", "binance-um-btcusdt-20240808.jsonl.gz")
const isHere = process.env.PERIGEE_TAPES !== undefined && existsSync(captured)
if (!isHere) console.log("skipped: the captured tape over real sockets; set PERIGEE_TAPES to its folder")

describe.skipIf(!isHere)("the captured tape over real sockets", () => {
  test("arrives whole and in order, as fast as the client takes it", async () => {
    const lines = gunzipSync(readFileSync(captured)).toString().trimEnd().split("\n")
    const { served } = await realFront({ seed: 1, accounts: [], flow: false, tape: { lines, pace: "asFast" } })
    const frames: string[] = []
    try {
      const socket = new WebSocket(
        `${served.url.replace("http", "ws")}/public/ws/btcusdt@depth/btcusdt@bookTicker/btcusdt@trade`,
      )
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      socket.addEventListener("message", ({ data }) => {
        frames.push(data as string)
        // One line is the snapshot, which no stream carries.
        if (frames.length === lines.length - 1) resolve()
      })
      await new Promise((opened) => socket.addEventListener("open", opened))
      const snapshot = (await (await fetch(`${served.url}/fapi/v1/depth?symbol=BTCUSDT&limit=1000`)).json()) as Json
      await ended
      socket.close()
      const book = new Keeper(snapshot)
      for (const frame of frames) if (frame.startsWith('{"e":"depthUpdate"')) book.diff(JSON.parse(frame) as Json)
      expect([book.applied, book.gaps]).toEqual([6_547, 0])
    } finally {
      await served.close()
    }
  }, 60_000)
})
