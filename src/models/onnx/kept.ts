export const kept = { wasmBytes: 0, functions: 0, bits: "" }
