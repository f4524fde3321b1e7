import { describe, expect, test } from "bun:test"
import type { Front } from "../../src/runtime/ports.ts"
import { openSimulation } from "../../src/world/simulation.ts"
import { INST, newMood, trader } from "./simulated/trader.ts"

/** The exchange, with the account's position mode in a test's hand. */
function moody(front: Front, mode: { isHedge: boolean }): Front {
  const text = (body: string): string => JSON.stringify({ ...JSON.parse(body), dualSidePosition: mode.isHedge })
  return {
    ...front,
    request: (asked, now) => {
      const answer = front.request(asked, now)
      return asked.path === "/fapi/v1/accountConfig" && answer.status === 200
        ? { ...answer, body: text(answer.body) }
        : answer
    },
  }
}

describe("an account in hedge mode", () => {
  test("ends the start of a bot that trades there, with the remedy", async () => {
    const opening = openSimulation({
      bot: () => trader(newMood()),
      seed: 1,
      through: (front) => moody(front, { isHedge: true }),
    })
    await expect(opening).rejects.toThrow(
      /^bot trader cannot start: the binance-um account is in hedge mode, which is not supported: .+one-way/,
    )
  })

  test("that becomes one while the bot runs stops its orders at the next reconciliation, and is taken back", async () => {
    const mode = { isHedge: false }
    const mood = newMood()
    const simulation = await openSimulation({
      bot: () => trader(mood),
      seed: 1,
      through: (front) => moody(front, mode),
    })
    simulation.advance(10_000)
    expect(simulation.world.reasons()).toEqual([])
    expect(mood.submitted).toBeGreaterThan(0)
    mode.isHedge = true
    simulation.outside.network.cutAll()
    simulation.advance(10_000)
    expect(simulation.world.reasons().join()).toContain("binance-um account is in hedge mode")
    const before = mood.submitted
    simulation.advance(10_000)
    expect(mood.submitted).toBe(before)
    mode.isHedge = false
    simulation.advance(60_000)
    expect(simulation.world.reasons()).toEqual([])
    expect(mood.submitted).toBeGreaterThan(before)
    expect(simulation.world.image().positions.map(({ inst }) => inst)).toEqual([INST])
    simulation.stop("the test is over")
  })
})
