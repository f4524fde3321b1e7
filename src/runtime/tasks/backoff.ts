export { Backoff, type BackoffBounds } from "../domain/backoff.ts"
