// Names a model that is not there.
import { bot, onnx } from "perigee"

const model = onnx("models/none.onnx")

export default bot({ name: "no-model" })
  .task(model)
  .strategy({ onPreds() {} }, { on: [model] })
