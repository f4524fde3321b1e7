import { ModelError } from "../../runtime/domain/errors.ts"
import type { Env } from "../../runtime/ports.ts"
import type { CurveKeys } from "./message.ts"

export type PartialKeys = Pick<CurveKeys, "serverKey"> & Partial<CurveKeys>

const NAMES = {
  serverKey: "PERIGEE_ZMQ_SERVER_KEY",
  publicKey: "PERIGEE_ZMQ_PUBLIC_KEY",
  secretKey: "PERIGEE_ZMQ_SECRET_KEY",
} as const

/**
 * The keys to connect with; undefined without a server key. A pair of the client's own may be left out: a fresh one is then made, which
 * a service that admits anyone accepts. Throws ModelError, never showing a key.
 */
export function curveKeys({ curve, env }: { curve?: PartialKeys; env?: Env }): PartialKeys | undefined {
  const keys = curve ?? fromEnv(env)
  if (keys === undefined) return undefined
  if ((keys.publicKey === undefined) !== (keys.secretKey === undefined))
    throw new ModelError(
      `of the client's CURVE keys one is missing: set both ${NAMES.publicKey} and ${NAMES.secretKey}`,
    )
  return keys
}

function fromEnv(env: Env | undefined): PartialKeys | undefined {
  const serverKey = env?.get(NAMES.serverKey)
  if (env === undefined || serverKey === undefined) return undefined
  const [publicKey, secretKey] = [env.get(NAMES.publicKey), env.get(NAMES.secretKey)]
  return {
    serverKey,
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(secretKey === undefined ? {} : { secretKey }),
  }
}
