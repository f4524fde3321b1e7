import { market, marketNames } from "../exchanges/index.ts"
import { onnxRunner } from "../models/onnx/index.ts"
import { zmqRunner } from "../models/zmq/index.ts"
import type { Parts } from "../world.ts"

/** Everything this program has: what the whole command line runs bots with. */
export const everyPart = (): Parts => ({
  venues: Object.fromEntries(marketNames().map((name) => [name, (options) => market(name, options)])),
  runners: { onnx: onnxRunner, zmq: zmqRunner },
})
