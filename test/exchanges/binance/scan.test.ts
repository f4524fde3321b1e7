import { expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { readInst } from "../../../src/exchanges/binance/map/inst.ts"
import { readFrame } from "../../../src/exchanges/binance/map/frame.ts"
import { futuresScan } from "../../../src/exchanges/binance/scan.ts"
import { decoder } from "../../../src/exchanges/kit/frame.ts"
import { framesOf } from "../fixture.ts"

const scanBytes = futuresScan("binance-um", readInst)
const scan = (frame: string, receivedAt: number) => scanBytes(Buffer.from(frame), receivedAt)
const general = decoder(readFrame)
const HOT = /"e":"(depthUpdate|bookTicker|trade|aggTrade)"/

test("every hot fixture with update numbers below 2^53 is scanned, not handed on", () => {
  const hot = framesOf("binance/um-frames.json").filter(({ frame }) => HOT.test(frame))
  expect(hot.length).toBeGreaterThan(12)
  for (const { frame } of hot) {
    const isLong = /"(U|u|pu)":\d{16}/.test(frame)
    expect(scan(frame, 7)).toEqual(isLong ? undefined : general(frame, 7))
  }
})

test("keys in another order and keys nobody knows change nothing", () => {
  const frame =
    '{"e":"trade","new":"x","m":true,"q":"0.006","n2":null,"p":"61800.30","T":3,"t":5,"yes":false,"s":"BTCUSDT","E":1}'
  expect(scan(frame, 7)).toEqual(general(frame, 7))
  expect(scan(frame, 7)?.events[0]).toMatchObject({
    price: 61800.3,
    size: 0.006,
    side: "SELL",
    tradeId: "5",
    timestamp: 3000,
  })
})

test("what the scan does not expect it hands on: nested values, escapes, blanks, other trade kinds, missing fields", () => {
  const frame = '{"e":"trade","E":1,"T":3,"s":"BTCUSDT","t":5,"p":"61800.30","q":"0.006","X":"MARKET","m":false}'
  expect(scan(frame, 7)).toBeDefined()
  const others = [
    frame.replace('"X":"MARKET"', '"X":"ADL"'),
    frame.replace('"X"', '"x":[1],"X"'),
    frame.replace("BTCUSDT", "BTC\\u0055SDT"),
    frame.replace('"T":3', '"T": 3'),
    frame.replace('"T":3,', ""),
    frame.replace('"T":3', '"T":3.5'),
    frame.replace('"T":3', '"T":03'),
    frame.replace('"q":"0.006"', '"q":"0.000"'),
    frame.replace('"E":1', '"\t":1'),
    `${frame} `,
    ` ${frame}`,
    `${frame}}`,
    frame.slice(0, -1),
  ]
  for (const other of others) expect(scan(other, 7)).toBeUndefined()
})

test("streams of many instruments on one connection are told apart, and so are images and diffs of one", () => {
  const depth = (symbol: string, stream: string): string =>
    `{"stream":"${stream}","data":{"e":"depthUpdate","E":1,"T":2,"s":"${symbol}","U":3,"u":4,"pu":2,"b":[["1","1"],["2","1"]],"a":[]}}`
  const frames = Array.from({ length: 200 }, (_, at) => `COIN${at}USDT`).flatMap((symbol) => [
    depth(symbol, `${symbol.toLowerCase()}@depth@100ms`),
    depth(symbol, `${symbol.toLowerCase()}@depth20@100ms`),
    depth(symbol, `${symbol.toLowerCase()}@depth`),
  ])
  for (const frame of [...frames, ...frames]) {
    expect(scan(frame, 7)).toEqual(general(frame, 7))
    expect(scan(frame, 7)?.events[0]).toMatchObject({ form: frame.includes("@depth20") ? "snapshot" : "incremental" })
  }
})

const tape = `${process.env.PERIGEE_TAPES ?? ""}/binance-um-btcusdt-20240808.jsonl.gz`

test.skipIf(!existsSync(tape))(
  "every frame of the captured tape is scanned, and read as the general decoder reads it",
  () => {
    const lines = gunzipSync(readFileSync(tape)).toString().trim().split("\n")
    let scanned = 0
    for (const line of lines) {
      const frame = line.slice(line.indexOf(" ") + 1)
      if (!HOT.test(frame)) continue
      const read = scan(frame, 7)
      scanned++
      if (read === undefined || !Bun.deepEquals(read, general(frame, 7), true)) expect(read).toEqual(general(frame, 7))
    }
    expect(scanned).toBe(93_953)
  },
)
