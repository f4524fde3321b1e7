// The loader that comes with onnxruntime-web's WebAssembly file has no types of its own.
declare module "onnxruntime-web/ort-wasm-simd-threaded.mjs" {
  export default function load(settings: Record<string, unknown>): Promise<unknown>
}
