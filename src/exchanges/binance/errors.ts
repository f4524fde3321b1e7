import type { RefusalMeaning } from "../../runtime/domain/outcome.ts"
import { isObject, type Json } from "../kit/json.ts"
import type { Verdict } from "../kit/outcome.ts"

/**
 * What Binance's error codes mean to the runtime. A code that is not here stays a refusal with its code and text.
 * Source: usds-margined-futures/error-code, as of 2026-05-28.
 */
const MEANINGS: Readonly<Record<RefusalMeaning, readonly number[]>> = {
  "not-found": [-2011, -2013, -1125],
  "duplicate-client-id": [-4116],
  "rate-limited": [-1003, -1008, -1015],
  clock: [-1021],
  // Unauthorized, bad signature, "not found, unauthenticated, or unauthorized", bad or rejected or locked key.
  credentials: [-1002, -1022, -1099, -2014, -2015, -2017],
  "insufficient-funds": [-2010, -2018, -2019, -4050, -4051],
  "would-take": [-5022],
  "reduce-only": [-2022, -2024, -4118],
  // The matching engine's own recvWindow.
  expired: [-5028],
  // Precision, bounds, steps, price bands and notional.
  filter: [
    -1013, -1111, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4016, -4023, -4024, -4131, -4164, -4183, -4184,
    -5029,
  ],
}

const MEANING_OF: ReadonlyMap<number, RefusalMeaning> = new Map(
  Object.entries(MEANINGS).flatMap(([meaning, codes]) => codes.map((code) => [code, meaning as RefusalMeaning])),
)

/** Execution status unknown: the venue did not hear back from within. */
const LOST: ReadonlySet<number> = new Set([-1000, -1001, -1006, -1007])

/** `{code, msg}` where it tells of an error; `{code: 200, msg: "success"}` does not. */
export function verdictOf(reply: Json | undefined): Verdict | undefined {
  if (!isObject(reply)) return undefined
  const { code, msg } = reply
  if (typeof code !== "number" || typeof msg !== "string" || code === 200) return undefined
  const meaning = MEANING_OF.get(code)
  return {
    code: String(code),
    reason: msg,
    ...(meaning === undefined ? {} : { meaning }),
    ...(LOST.has(code) ? { mayHaveHappened: true } : {}),
  }
}
