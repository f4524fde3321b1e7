import { expect, test } from "bun:test"
import { nearest } from "../../../src/runtime/domain/nearest.ts"

test("the nearest name is the one with the fewest slips of the pen, capitals aside", () => {
  const known = ["onTrade", "onOrder", "onOrderExecution", "onLob", "onLobMbo"]
  expect(
    ["ONTRADE", "onTrad", "on_order", "onOrderExecuted", "onLbo", "onLobMob"].map((name) => nearest(name, known)),
  ).toEqual(["onTrade", "onTrade", "onOrder", "onOrderExecution", "onLob", "onLobMbo"])
  expect(nearest("onTicks", known)).toBeUndefined()
  expect(nearest("x", [])).toBeUndefined()
})
