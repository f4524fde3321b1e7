import type { AltTensor } from "../../runtime/domain/tensor.ts"
import type { Layout } from "./encode.ts"
import type { Handle } from "./library.ts"

/** `req`: one request at a time, understood by any REP service of the reference's layout. `dealer`: many at a time, each with its number. */
export type Mode = "req" | "dealer"

/** Z85 text of 40 characters each, as `zmq_curve_keypair` makes it. */
export interface CurveKeys {
  readonly serverKey: string
  readonly publicKey: string
  readonly secretKey: string
}

/** What the worker must know, in its first message. From then on it hears only its inproc socket: it never returns to its event loop. */
export interface Assignment {
  readonly library: string
  /** Of libzmq, shared by all threads. */
  readonly context: Handle
  /** Where the main thread's end of the inproc pair is bound. */
  readonly control: string
  readonly endpoint: string
  readonly mode: Mode
  readonly replyBytesMax: number
  readonly curve: CurveKeys | undefined
}

/** From the worker, in the order things happened. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly why: string }
  /** `isDead`: libzmq has given this connection up; it takes a renewal to try again. */
  | { readonly kind: "link"; readonly isUp: boolean; readonly isDead: boolean; readonly why: string }
  | { readonly kind: "answer"; readonly id: number; readonly output: AltTensor }
  | { readonly kind: "failure"; readonly id: number; readonly why: string }
  | { readonly kind: "ended" }

/** To the worker over inproc: the command's byte, three of nothing, the request's number (32 bits, little-endian), the encoded tensor. */
export const REQUEST = 1
/** The request's answer is no longer wanted. */
export const FORGET = 2
export const RENEW = 3
export const END = 4
export const HEADER_BYTES = 8
export const ID_AT = 4

export const layoutOf = (mode: Mode): Layout => (mode === "req" ? "array" : "binary")
