import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ModelError } from "../../runtime/domain/errors.ts"
import { Stage } from "./handover.ts"
import { kept } from "./kept.ts"
import { trimmed, withGlobals } from "./trim.ts"

/** Pointers are 32 bits wide; a call that fails returns 0 for a handle or an error code that is not 0. */
type Pointer = number

/**
 * What we use of the runtime's C interface as its loader exposes it. It is driven directly, not through the package's JavaScript layer:
 * inference is then a plain synchronous call, several runtimes can live and die in one process, and a request makes next to no garbage.
 * Signatures: js/web/lib/wasm/wasm-types.ts of onnxruntime 1.30.
 */
export interface Ort {
  readonly HEAPU8: Uint8Array
  _malloc(bytes: number): Pointer
  _free(at: Pointer): void
  UTF8ToString(at: Pointer): string
  _OrtInit(threads: number, logLevel: number): number
  _OrtGetLastError(code: Pointer, message: Pointer): number
  _OrtCreateSessionOptions(
    optimization: number,
    hasArena: boolean,
    hasMemoryPattern: boolean,
    executionMode: number,
    isProfiling: boolean,
    profilePrefix: Pointer,
    logId: Pointer,
    logLevel: number,
    verbosity: number,
    optimizedPath: Pointer,
  ): Pointer
  _OrtReleaseSessionOptions(options: Pointer): number
  _OrtCreateSession(model: Pointer, bytes: number, options: Pointer): Pointer
  _OrtReleaseSession(session: Pointer): number
  _OrtGetInputOutputCount(session: Pointer, inputs: Pointer, outputs: Pointer): number
  _OrtGetInputOutputMetadata(session: Pointer, index: number, name: Pointer, metadata: Pointer): number
  _OrtFree(at: Pointer): number
  _OrtCreateTensor(type: number, data: Pointer, bytes: number, shape: Pointer, rank: number, location: number): Pointer
  _OrtGetTensorData(tensor: Pointer, type: Pointer, data: Pointer, shape: Pointer, rank: Pointer): number
  _OrtReleaseTensor(tensor: Pointer): number
  _OrtRun(
    session: Pointer,
    inputNames: Pointer,
    inputs: Pointer,
    inputCount: number,
    outputNames: Pointer,
    outputCount: number,
    outputs: Pointer,
    options: Pointer,
  ): number
}

/** `trimmed` leaves out the functions no recorded model needs (see trim.ts); `full` is the file as published. */
export type RuntimeKind = "trimmed" | "full"

const LOG_FATAL = 4

type Imports = ConstructorParameters<typeof WebAssembly.Instance>[1]

let opening: Promise<unknown> = Promise.resolve()

/**
 * A fresh runtime with its own memory. One thread: the same input gives the same bits on every machine. Openings follow one another, so
 * that their peaks of memory do not add up.
 */
export function openRuntime(kind: RuntimeKind): Promise<Ort> {
  const opened = opening.then(() => start(kind))
  opening = opened.catch(() => undefined)
  return opened
}

async function start(kind: RuntimeKind): Promise<Ort> {
  const [{ default: load }, files] = await Promise.all([
    import("onnxruntime-web/ort-wasm-simd-threaded.mjs"),
    wasmFiles(kind),
  ])
  collect()
  const stage = new Stage()
  const ort = (await withoutWorkerSwap(() => instantiated(load, stage, files))) as Ort
  if (ort._OrtInit(1, LOG_FATAL) !== 0) throw new ModelError(`the ONNX runtime did not start: ${lastError(ort)}`)
  if (files.running !== undefined) heirs.set(ort, { stage, running: files.running })
  return ort
}

function instantiated(load: (settings: Record<string, unknown>) => Promise<unknown>, stage: Stage, files: Files) {
  const failure = Promise.withResolvers<never>()
  const giveBack = withoutWaiting()
  const settings = {
    numThreads: 1,
    // Given bytes instead, the loader would keep them for the life of the process; and it does not see this step fail.
    instantiateWasm(imports: Imports, use: (instance: { readonly exports: unknown }) => void) {
      giveBack()
      const bytes = files.whole
      files.whole = new Uint8Array()
      stage.begin(bytes, imports).then((exports) => use({ exports }), failure.reject)
    },
  }
  return Promise.race([load(settings), failure.promise]).finally(giveBack)
}

/**
 * Until the call that is returned the loader finds no `Atomics.waitAsync`. With it, it would wait in the runtime's memory for mail from
 * threads it never starts; a wait that never ends holds that memory, the code and all until the process ends, some 50 MB a model.
 */
function withoutWaiting(): () => void {
  const mine = Object.getOwnPropertyDescriptor(Atomics, "waitAsync")
  Object.defineProperty(Atomics, "waitAsync", { configurable: true, writable: true, value: undefined })
  return () => {
    if (mine !== undefined) Object.defineProperty(Atomics, "waitAsync", mine)
  }
}

interface Files {
  /** To start with. */
  whole: Uint8Array<ArrayBuffer>
  /** To go on with, once sessions are open. */
  readonly running: Uint8Array<ArrayBuffer> | undefined
}

const heirs = new WeakMap<Ort, { readonly stage: Stage; readonly running: Uint8Array<ArrayBuffer> }>()

/** Once no more sessions will be opened in it: lets go of the code that only a start needs, where the runtime is a trimmed one. */
export async function settle(ort: Ort): Promise<void> {
  const heir = heirs.get(ort)
  if (heir === undefined) return
  heirs.delete(ort)
  await heir.stage.handOver(heir.running, ort as unknown as Record<string, unknown>)
  // In this turn the stack still holds on to the first instance.
  await nextTurn()
  collect()
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    const heard = () => {
      port1.close()
      resolve()
    }
    port1.addEventListener("message", heard, { once: true })
    port1.start()
    port2.postMessage(0)
  })

/** Megabytes that nobody would come for in a quiet worker. */
function collect(): void {
  if (typeof Bun !== "undefined") Bun.gc(true)
}

async function wasmFiles(kind: RuntimeKind): Promise<Files> {
  const whole = readFileSync(await wasmPath())
  const first = kind === "trimmed" ? trimmed(whole, kept) : undefined
  if (first === undefined) return { whole, running: undefined }
  const running = trimmed(whole, { ...kept, bits: kept.running })
  if (running === undefined) return { whole: first, running }
  return { whole: withGlobals(first, false), running: withGlobals(running, true) }
}

async function wasmPath(): Promise<string> {
  if ("Bun" in globalThis) return (await import("./wasm-file.ts")).default
  return fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"))
}

/** The loader replaces the global Worker by Node's for threads it never starts. */
async function withoutWorkerSwap<T>(run: () => Promise<T>): Promise<T> {
  const mine = Object.getOwnPropertyDescriptor(globalThis, "Worker")
  const value: unknown = globalThis.Worker
  Object.defineProperty(globalThis, "Worker", { configurable: true, get: () => value, set() {} })
  try {
    return await run()
  } finally {
    if (mine !== undefined) Object.defineProperty(globalThis, "Worker", mine)
  }
}

/** The words of the last call that failed. */
export function lastError(ort: Ort): string {
  const at = ort._malloc(8)
  try {
    ort._OrtGetLastError(at, at + 4)
    const message = new Uint32Array(ort.HEAPU8.buffer, at, 2)[1] ?? 0
    return message === 0 ? "it gave no reason" : ort.UTF8ToString(message)
  } finally {
    ort._free(at)
  }
}

/** A trap or an abort: the runtime's memory is in no known state and must not be used again. */
export const isDead = (error: unknown): boolean => error instanceof WebAssembly.RuntimeError
