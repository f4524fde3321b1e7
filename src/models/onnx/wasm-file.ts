// Bun's way to a file that a compiled binary carries inside; elsewhere this module is never loaded.
import path from "onnxruntime-web/ort-wasm-simd-threaded.wasm" with { type: "file" }

export default path
