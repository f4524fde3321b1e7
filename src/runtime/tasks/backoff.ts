export { Backoff } from "../domain/backoff.ts"
