import { fileURLToPath } from "node:url"

/** Where the sample bot's model lies. Deno does not import files of a foreign kind as paths. */
export const modelPath: string = fileURLToPath(new URL("../../strategies/models/momentum.onnx", import.meta.url))

/** The service is asked over ZeroMQ, which this runtime has not. */
export const servicePaths: Readonly<Record<string, string>> = {}
