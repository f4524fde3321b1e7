// What an event holds is shared by all who are told of it: reading and copying must compile, changing must not.
import { type AltTensor, book, bot, type Context, type Levels, type Lob, type LobMsg, onnx } from "../../src/index.ts"

const depth = book("binance-um", ["BTC_USDT_PERP"])
const model = onnx("models/momentum.onnx")
const best = (levels: Levels): number => levels[0] ?? Number.NaN
const sum = (numbers: readonly number[] | Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0)
const first = (numbers: ArrayLike<number>): number | undefined => numbers[0]

bot({ name: "a" })
  .tasks([depth, model])
  .strategy({
    onLob({ data }, ctx) {
      const { bids, asks } = data
      const own: Float64Array = new Float64Array(bids)
      const slice: Float64Array = bids.slice(0, 2)
      const narrow: Float32Array = Float32Array.from(asks)
      own.set(asks)
      own[0] = sum(bids) + sum(slice) + (first(asks) ?? 0) + best(bids)
      slice.reverse()
      const sorted: Float64Array = bids.toSorted((a, b) => a - b)
      const spread: number[] = [...bids, ...Array.from(asks)]
      for (const value of bids) spread.push(value)
      for (const [at, value] of bids.entries()) spread[at] = value
      const levels: Levels = Float64Array.of(1, 2)
      const made: Lob = { ...data, bids: own, asks: levels }
      const half = bids.subarray(0, 2)
      const total: number = bids.map((value) => 2 * value).reduce((a, b) => a + b) + half.length + sorted.length
      ctx.predict(model, { timestamp: data.timestamp, data: narrow, shape: [narrow.length], metadata: {} })
      ctx.log.info("lob", { total, made: made.inst })
      const view = ctx.book("BTC_USDT_PERP")
      // A view's levels are a copy already.
      if (view.state === "live") view.levels(5).bids.reverse()

      // @ts-expect-error turned round for everybody else, too
      bids.reverse()
      // @ts-expect-error the next strategy would read it
      bids[0] = 5
      // @ts-expect-error in place
      asks.sort()
      // @ts-expect-error in place
      asks.fill(0)
      // @ts-expect-error in place
      bids.set(asks)
      // @ts-expect-error in place
      bids.copyWithin(0, 2)
      // @ts-expect-error a part of the same memory
      half[0] = 1
      // @ts-expect-error the memory itself
      first(new Float64Array(bids.buffer))
      // @ts-expect-error not what it was handed as
      bids.forEach((value, at, all) => (all[at] = value / 2))
      // @ts-expect-error it might be changed there
      const taken: Float64Array = bids
      first(taken)
    },
    onPreds({ data }, ctx) {
      // An answer is the next question.
      ctx.predict(model, data)
      ctx.predict(model, { ...data, data: Float32Array.from(data.data, (value) => value * 2) })
      // @ts-expect-error an answer is told to every strategy that listens
      data.data[0] = 1
      // @ts-expect-error in place
      data.data.fill(0)
      // @ts-expect-error so is its shape
      data.shape.push(1)
    },
  })

class Reader {
  onLob({ data }: LobMsg, ctx: Context): void {
    ctx.state.set("best", best(data.bids))
    // @ts-expect-error in a class, too
    data.bids[0] = 1
  }
}
bot({ name: "a" }).task(depth).strategy(new Reader())
export const tensor: AltTensor = { timestamp: 1, data: new Float32Array(2), shape: [2], metadata: {} }
