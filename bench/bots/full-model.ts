// The same with a model that is asked twenty times a second.
import { bot, onnx } from "perigee"
import { FEATURES } from "../../src/strategies/features.ts"
import { feeds, INST, laggard, patience } from "./feeds.ts"

const model = onnx("../../src/strategies/models/momentum.onnx")
const data = new Float32Array(FEATURES.length)
let seen = 0
let askedAt = 0

export default bot({ name: "full-model" })
  .tasks(feeds)
  .task(model)
  .strategy({
    name: "prompt",
    onTrade: ({ data }) => void (seen += data.size),
    onPreds: ({ data }) => void (seen += data.data[0] ?? 0),
    onLob({ data: { timestamp } }, ctx) {
      const view = ctx.book(INST)
      if (view.state === "live") seen += view.best()?.bidPrice ?? 0
      if (ctx.now() - askedAt < 50_000) return
      askedAt = ctx.now()
      ctx.predict(model, { timestamp, data, shape: [1, data.length], metadata: {} })
    },
  })
  .strategy(laggard, patience)
