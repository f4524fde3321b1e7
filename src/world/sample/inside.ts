import model from "../../strategies/models/momentum.onnx" with { type: "file" }

/** Where the sample bot's model lies: in a compiled program, inside it. */
export const modelPath: string = model
