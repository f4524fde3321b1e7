/** A JSON value as read from the wire. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export type JsonObject = { readonly [key: string]: Json }

const LONG_DIGITS = /\d{16}/
const TOKEN = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g
const LONG_INTEGER = /^-?[1-9]\d{15,}$/

const quoted = (token: string): string => (LONG_INTEGER.test(token) ? `"${token}"` : token)

/**
 * `JSON.parse` that loses no digit: an integer of 16 or more digits (past 2^53, or near it) comes back as its own text.
 * Throws SyntaxError like `JSON.parse`. A reviver would do the same at eight times the cost.
 */
export function parseExact(text: string): Json {
  return JSON.parse(LONG_DIGITS.test(text) ? text.replace(TOKEN, quoted) : text) as Json
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `isArray` that keeps the element type. */
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)
