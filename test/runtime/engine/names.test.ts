import { describe, expect, test } from "bun:test"
import { bot, trades } from "../../../src/index.ts"
import { build } from "../../../src/runtime/engine/build.ts"
import type { Bot } from "../../../src/runtime/engine/declaration/bot.ts"
import { ALL, mistakes } from "./mistakes.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const nop = { onTrade() {} }

describe("names of strategies", () => {
  class Momentum {
    onTrade(): void {}
  }
  const plainly = bot({ name: "a" }).task(tape)
  const namesOf = (bot: Bot) => build(bot, ALL).strategies.map(({ name }) => name)

  test("are their own, their binding's, their class's, or a number", () => {
    const declared = plainly
      .strategy({ ...nop, name: "own" }, { name: "not this" })
      .strategy(nop, { name: "bound" })
      .strategy(new Momentum())
      .strategy(nop)
      .strategies([new Momentum(), new Momentum()], { name: "pair" })
      .strategy(nop)
    expect(namesOf(declared)).toEqual(["own", "bound", "Momentum", "strategy-1", "pair-1", "pair-2", "strategy-2"])
  })

  test("of one class count up in the order they are declared, and one more at the end renames none", () => {
    const two = plainly.strategy(new Momentum()).strategy(new Momentum(), { on: [tape] })
    expect(namesOf(two)).toEqual(["Momentum", "Momentum-2"])
    expect(namesOf(two.strategies([new Momentum(), new Momentum()]))).toEqual([
      "Momentum",
      "Momentum-2",
      "Momentum-3",
      "Momentum-4",
    ])
    const group = plainly.strategies([new Momentum()])
    expect(namesOf(group)).toEqual(["Momentum-1"])
    expect(namesOf(group.strategies([new Momentum()]).strategy(new Momentum()))).toEqual([
      "Momentum-1",
      "Momentum-2",
      "Momentum-3",
    ])
  })

  test("that count up pass over those given by hand", () => {
    const declared = plainly
      .strategy(new Momentum())
      .strategy(new Momentum())
      .strategy(nop, { name: "Momentum-2" })
      .strategy(nop)
      .strategy(nop, { name: "strategy-1" })
    expect(namesOf(declared)).toEqual(["Momentum", "Momentum-3", "Momentum-2", "strategy-2", "strategy-1"])
  })

  test("given by hand twice are refused, and so are two classes of one name", () => {
    const Other = class Momentum {
      onTrade(): void {}
    }
    const declared = plainly
      .strategy(new Momentum(), { name: "x" })
      .strategy(new Momentum(), { name: "x" })
      .strategy(new Momentum())
      .strategy(new Other())
    expect(mistakes(declared)).toEqual([
      "strategy x: another has the same name, under which ctx.state is kept; give each its own",
      "strategy Momentum: another has the same name, under which ctx.state is kept; give each its own",
    ])
  })

  test("say whether they are of a place: then the order of the declaration decides whose state is whose", () => {
    const declared = plainly
      .strategies([new Momentum(), new Momentum()])
      .strategy(nop)
      .strategies([new Momentum(), new Momentum()], (_, at) => ({ name: `m${at}` }))
    expect(build(declared, ALL).strategies.map(({ name, isNumbered }) => [name, isNumbered])).toEqual([
      ["Momentum-1", true],
      ["Momentum-2", true],
      ["strategy-1", false],
      ["m0", false],
      ["m1", false],
    ])
  })
})
