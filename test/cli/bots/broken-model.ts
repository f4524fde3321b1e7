// Names a file that is no model; made by the test beside a copy of this one.
import { bot, onnx } from "perigee"

const model = onnx("broken.onnx")

export default bot({ name: "broken-model" })
  .task(model)
  .strategy({ onPreds() {} }, { on: [model] })
