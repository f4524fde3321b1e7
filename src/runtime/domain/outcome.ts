/**
 * The three answers to a request that changes something at the venue.
 * `unknown` (connection loss, timeout, 5xx) may have happened: never resend, ask the venue.
 */
export type Outcome<T> =
  | {
      readonly kind: "accepted"
      readonly value: T
      /** Rows of a market-wide list that could not be read, by name: left out of `value`. Account data is all or nothing. */
      readonly unreadable?: readonly string[]
    }
  | {
      readonly kind: "refused"
      readonly reason: string
      /** The venue's own code, as text. */
      readonly code?: string
      /**
       * What the refusal means to the runtime, where the venue's error table says so. `not-sent` is the runtime's own: it
       * never left the bot, because its connection was lost first. It may be asked for anew.
       */
      readonly meaning?: RefusalMeaning | "not-sent"
      readonly retryAfterMs?: number
    }
  | { readonly kind: "unknown"; readonly why: string }

export type RefusalMeaning =
  | "not-found"
  | "duplicate-client-id"
  | "rate-limited"
  | "clock"
  | "credentials"
  | "insufficient-funds"
  | "would-take"
  | "reduce-only"
  | "expired"
  | "filter"

export const accepted = <T>(value: T): Outcome<T> => ({ kind: "accepted", value })
