import kit from "../../../python/perigee_model.py" with { type: "file" }
import weights from "../../../python/examples/momentum.json" with { type: "file" }
import service from "../../../python/examples/momentum.py" with { type: "file" }
import model from "../../strategies/models/momentum.onnx" with { type: "file" }

/** Where the sample bot's model lies: in a compiled program, inside it. */
export const modelPath: string = model

/** The same model as a service: its files by the path they must have from one another, the first to be started. */
export const servicePaths: Readonly<Record<string, string>> = {
  "examples/momentum.py": service,
  "examples/momentum.json": weights as unknown as string,
  "perigee_model.py": kit,
}
