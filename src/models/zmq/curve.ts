import { ModelError } from "../../runtime/domain/errors.ts"
import type { Env } from "../../runtime/ports.ts"
import type { CurveKeys } from "./message.ts"

export type PartialKeys = Pick<CurveKeys, "serverKey"> & Partial<CurveKeys>

export interface CurveOptions {
  /** Keys themselves; or whether there must be some in the environment, behind this prefix. `false`: none, whatever the environment holds. */
  readonly curve?: PartialKeys | boolean | string
  readonly env?: Env
}

const NAMES = {
  serverKey: "PERIGEE_ZMQ_SERVER_KEY",
  publicKey: "PERIGEE_ZMQ_PUBLIC_KEY",
  secretKey: "PERIGEE_ZMQ_SECRET_KEY",
} as const
type Part = keyof typeof NAMES

const SAID: Readonly<Record<Part, string>> = {
  serverKey: "the server key",
  publicKey: "the public key",
  secretKey: "the secret key",
}

/** 40 characters of Z85, https://rfc.zeromq.org/spec/32/ */
const KEY = /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/

/**
 * The keys to connect with; undefined where nothing is to be encrypted. A pair of the client's own may be left out: a fresh one is then
 * made, which a service that admits anyone accepts. Throws ModelError, never showing a key.
 */
export function curveKeys({ curve, env }: CurveOptions): PartialKeys | undefined {
  if (curve === false) return undefined
  const prefix = typeof curve === "string" ? `${curve}_` : ""
  const keys = typeof curve === "object" ? curve : fromEnv(env, prefix)
  if (keys === undefined) {
    if (curve === undefined) return undefined
    const name = prefix + NAMES.serverKey
    throw new ModelError(
      `it is to be encrypted, but there is no ${name}: set it to the service's public key, or ${name}_FILE to a file that holds it`,
    )
  }
  if ((keys.publicKey === undefined) !== (keys.secretKey === undefined)) {
    throw new ModelError(
      `of the client's CURVE keys one is missing: set both ${prefix}${NAMES.publicKey} and ${prefix}${NAMES.secretKey}`,
    )
  }
  for (const [part, said] of Object.entries(SAID) as [Part, string][]) {
    if (keys[part] !== undefined && !KEY.test(keys[part]))
      throw new ModelError(`${said} is no CURVE key: 40 characters of Z85, as zmq.curve_keypair() makes them`)
  }
  return keys
}

function fromEnv(env: Env | undefined, prefix: string): PartialKeys | undefined {
  const [serverKey, publicKey, secretKey] = [NAMES.serverKey, NAMES.publicKey, NAMES.secretKey].map((name) =>
    env?.get(prefix + name),
  )
  if (serverKey === undefined) return undefined
  return {
    serverKey,
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(secretKey === undefined ? {} : { secretKey }),
  }
}
