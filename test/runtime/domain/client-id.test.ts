import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { clientIds, identityOf, isClientId, isOwn } from "../../../src/runtime/domain/client-id.ts"
import { UsageError } from "../../../src/runtime/domain/errors.ts"

const NOW = 1_790_000_000_000_000

describe("a client id", () => {
  test("is the bot's identity, the run and a counter from the start's time, as 32 hex digits", () => {
    const next = clientIds("00000000a1", 7, NOW)
    expect([next(), next()]).toEqual(["00000000a100000700065bfeda25e000", "00000000a100000700065bfeda25e001"])
  })

  test("is known as its bot's, and as no other's", () => {
    const mine = identityOf("echo", "key")
    const id = clientIds(mine, 1, NOW)()
    expect([isClientId(id), isOwn(id, mine), isOwn(id, identityOf("echo", "other key"))]).toEqual([true, true, false])
    expect(isOwn(`${id}0`, mine)).toBe(false)
  })

  test("is never another's, whichever runs they are of and however the database was lost, as long as time goes on", () => {
    const life = fc.record({ run: fc.integer({ min: 1, max: 2 ** 24 - 1 }), orders: fc.integer({ min: 1, max: 30 }) })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(life, fc.integer({ min: 0, max: 10 })), { minLength: 2, maxLength: 8 }),
        (lives) => {
          let now = NOW
          const ids: string[] = []
          for (const [{ run, orders }, pauseUs] of lives) {
            const next = clientIds("00000000a1", run, now)
            for (let count = 0; count < orders; count++) ids.push(next())
            // No life sends more than one order a µs.
            now += orders + pauseUs
          }
          expect(new Set(ids).size).toBe(ids.length)
        },
      ),
    )
  })

  test("wants an identity of ten hex digits", () => {
    expect(() => clientIds("echo", 1, NOW)).toThrow(UsageError)
  })
})
