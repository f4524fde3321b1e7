import { dlopen, FFIType, type Pointer } from "bun:ffi"
import { fileURLToPath } from "node:url"
import { ModelError } from "../../runtime/domain/errors.ts"

// Not "u64": that returns a bigint.
const SIZE = FFIType.u64_fast

/**
 * The C interface of libzmq, out of the addon of the `zeromq` package: its JavaScript layer aborts Bun, its libzmq does not.
 * Signatures: https://libzmq.readthedocs.io and include/zmq.h of libzmq 4.3.5. Sizes are `size_t`, timeouts milliseconds.
 */
const FUNCTIONS = {
  zmq_version: { args: ["ptr", "ptr", "ptr"], returns: "void" },
  zmq_has: { args: ["ptr"], returns: "i32" },
  zmq_errno: { args: [], returns: "i32" },
  zmq_strerror: { args: ["i32"], returns: "cstring" },
  zmq_ctx_new: { args: [], returns: "ptr" },
  zmq_socket: { args: ["ptr", "i32"], returns: "ptr" },
  zmq_close: { args: ["ptr"], returns: "i32" },
  zmq_setsockopt: { args: ["ptr", "i32", "ptr", SIZE], returns: "i32" },
  zmq_bind: { args: ["ptr", "ptr"], returns: "i32" },
  zmq_connect: { args: ["ptr", "ptr"], returns: "i32" },
  zmq_socket_monitor: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  zmq_send: { args: ["ptr", "ptr", SIZE, "i32"], returns: "i32" },
  zmq_recv: { args: ["ptr", "ptr", SIZE, "i32"], returns: "i32" },
  zmq_msg_init: { args: ["ptr"], returns: "i32" },
  zmq_msg_recv: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  zmq_msg_data: { args: ["ptr"], returns: "ptr" },
  zmq_msg_size: { args: ["ptr"], returns: SIZE },
  zmq_msg_more: { args: ["ptr"], returns: "i32" },
  zmq_msg_close: { args: ["ptr"], returns: "i32" },
  zmq_poll: { args: ["ptr", "i32", "i64"], returns: "i32" },
  zmq_curve_keypair: { args: ["ptr", "ptr"], returns: "i32" },
} as const

export type Zmq = ReturnType<typeof dlopen<typeof FUNCTIONS>>["symbols"]
/** A socket or a context. */
export type Handle = Pointer | bigint

/** Opened twice it is still loaded once: the system knows the file. */
export function openLibrary(file: string): Zmq {
  try {
    return dlopen(file, FUNCTIONS).symbols
  } catch (cause) {
    const where = file.startsWith("/$bunfs/")
      ? "; the binary unpacks it into the temporary folder, which must be writable"
      : ""
    throw new ModelError(`libzmq could not be loaded from ${file}${where}`, { cause })
  }
}

// In a checkout the addon lies in node_modules. A binary carries it; the conditions are constants there, so it carries only its own.
export async function libraryFile(): Promise<string> {
  const isCheckout = import.meta.url.endsWith("/library.ts")
  if (isCheckout) return fileURLToPath(import.meta.resolve(`zeromq/build/${prebuilt()}/addon.node`))
  if (process.platform === "linux" && process.arch === "x64") return (await import("./addon-linux-x64.ts")).default
  if (process.platform === "linux" && process.arch === "arm64") return (await import("./addon-linux-arm64.ts")).default
  throw new ModelError(`a binary for ${process.platform} ${process.arch} cannot carry ZeroMQ`)
}

function prebuilt(): string {
  const { platform, arch } = process
  if (platform === "linux" && (arch === "x64" || arch === "arm64")) return `linux/${arch}/node/glibc-127-Release`
  if (platform === "darwin") return `darwin/${arch}/node/libc-115-Release`
  throw new ModelError(`there is no libzmq for ${platform} ${arch} in the zeromq package that Bun can load`)
}

/** Text for C. */
export const cString = (text: string): Uint8Array => Buffer.from(`${text}\0`, "utf8")

/** What went wrong in the call before. */
export const lastError = (zmq: Zmq): string => String(zmq.zmq_strerror(zmq.zmq_errno()))
