// A model's worker that one input kills.
import "./poison.ts"
import "../../../src/models/onnx/worker.ts"
