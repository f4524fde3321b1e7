import { WireError } from "../../runtime/domain/errors.ts"
import type { OperationName, ParamsOf, ResultOf } from "../../runtime/domain/operation.ts"
import type { Outcome, RefusalMeaning } from "../../runtime/domain/outcome.ts"
import type { Endpoint } from "./endpoint.ts"
import { type Json, parseExact } from "./json.ts"

/** What a venue's error payload says. `mayHaveHappened`: the venue itself does not know whether it did the thing. */
export interface Verdict {
  readonly code: string
  readonly reason: string
  readonly meaning?: RefusalMeaning
  readonly mayHaveHappened?: true
}

/** Reads a reply's error payload; undefined where it is none. */
export type Judge = (status: number, reply: Json | undefined) => Verdict | undefined

const TOO_MANY = new Set([418, 429])

const parsed = (body: string): Json | undefined => {
  try {
    return parseExact(body)
  } catch {
    return undefined
  }
}

const refused = (reason: string, verdict?: Pick<Verdict, "code" | "meaning">): Outcome<never> => ({
  kind: "refused",
  reason,
  ...(verdict === undefined ? {} : { code: verdict.code }),
  ...(verdict?.meaning === undefined ? {} : { meaning: verdict.meaning }),
})

/** A failure after which nobody knows: `unknown` where something may have changed, a refusal of a read otherwise. */
const lost = (why: string, changes: boolean, verdict?: Verdict): Outcome<never> =>
  changes ? { kind: "unknown", why } : refused(why, verdict)

function rejection(status: number, verdict: Verdict | undefined, changes: boolean): Outcome<never> {
  const said = verdict === undefined ? "" : `${verdict.reason} (${verdict.code})`
  if (TOO_MANY.has(status)) {
    return refused(said || `HTTP ${status}: too many requests`, {
      code: verdict?.code ?? String(status),
      meaning: "rate-limited",
    })
  }
  if (verdict?.mayHaveHappened === true) return lost(said, changes, verdict)
  if (verdict?.meaning === "rate-limited") return refused(verdict.reason, verdict)
  if (status >= 500 || status === 408) return lost(`HTTP ${status}${said && `: ${said}`}`, changes, verdict)
  return refused(verdict?.reason ?? `HTTP ${status}`, verdict ?? { code: String(status) })
}

/** A reply in the three answers. HTTP status, the venue's error payload and the payload's own form are all checked. */
export function outcomeOf<O extends OperationName>(
  endpoint: Endpoint<O>,
  judge: Judge,
  params: ParamsOf<O>,
  status: number,
  body: string,
): Outcome<ResultOf<O>> {
  const changes = endpoint.changes === true
  const reply = parsed(body)
  const verdict = judge(status, reply)
  const isFine = (status >= 200 && status < 300 && verdict === undefined) || isAlready(endpoint, verdict)
  if (!isFine) return rejection(status, verdict, changes)
  if (reply === undefined) return lost(`the reply to ${endpoint.route} is no JSON`, changes)
  const unreadable: string[] = []
  try {
    const value = endpoint.decode(reply, params, unreadable)
    return unreadable.length === 0 ? { kind: "accepted", value } : { kind: "accepted", value, unreadable }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return lost(`the reply to ${endpoint.route} cannot be read: ${error.message}`, changes)
  }
}

const isAlready = (endpoint: { readonly already?: readonly string[] }, verdict: Verdict | undefined): boolean =>
  verdict !== undefined && endpoint.already !== undefined && endpoint.already.includes(verdict.code)
