import { describe, expect, test } from "bun:test"
import { bot, type Context, schedule } from "../../../src/index.ts"
import { ConfigError, JournalError, UsageError } from "../../../src/runtime/domain/errors.ts"
import type { StateOptions } from "../../../src/runtime/engine/declaration/strategy.ts"
import { KeptState } from "../../../src/runtime/engine/state.ts"
import type { JournalRecord } from "../../../src/runtime/ports.ts"
import { AWKWARD } from "../awkward.ts"
import { rig, settle } from "./rig.ts"

/** `[1, , 3]` */
const WITH_HOLE = Object.assign([1], { 2: 3 })
const row = (key: string, value: string, strategy = "s") => ({ strategy, key, value })
const OLD = [row("$version", "1"), row("n", "1"), row("old", '"x"')]

/** What a state of version 1 becomes, and what is written down of that. */
function migrated(migrate: unknown, version = 2) {
  const records: JournalRecord[] = []
  const state = new KeptState("s", OLD, (record) => void records.push(record))
  return { state, records, bring: () => state.migration({ version, migrate } as StateOptions)() }
}

const kept = (state: KeptState) => Object.fromEntries(state.keys().map((key) => [key, state.get(key)]))

describe("a migrate", () => {
  test("that answers a plain object is written down whole, the version last", () => {
    const { state, records, bring } = migrated((from: number, old: object) => ({ ...old, from, n: 2 }))
    bring()
    expect(kept(state)).toEqual({ n: 2, old: "x", from: 1 })
    expect(records.map((record) => (record.kind === "state" ? record.key : ""))).toEqual(["n", "from", "$version"])
  })

  test("may answer an object without a prototype, or one without keys to begin anew", () => {
    const bare = migrated(() => Object.assign(Object.create(null), { n: 3 }))
    bare.bring()
    expect(kept(bare.state)).toEqual({ n: 3 })
    const anew = migrated(() => ({}))
    anew.bring()
    expect(kept(anew.state)).toEqual({})
  })

  class Kept {
    readonly n = 1
  }
  const odd: [string, unknown, string][] = [
    ["NaN in a later key", () => ({ ok: 1, bad: NaN }), "answered what cannot be kept: state bad is NaN"],
    ["a key of the runtime's own", () => ({ $version: 9 }), 'answered what cannot be kept: state key "$version"'],
    ["a hole in a list", () => ({ list: WITH_HOLE }), "answered what cannot be kept: state list.1 is a hole"],
    ["a promise", async (_: number, old: unknown) => old, "answered a promise: it must not be async"],
    ["a promise that fails", () => Promise.reject(new Error("later")), "answered a promise"],
    ["nothing", () => undefined, "answered nothing"],
    ["null", () => null, "answered null"],
    ["a map", () => new Map([["n", 1]]), "answered a Map"],
    ["a list", () => [1, 2], "answered a list"],
    ["an instance of a class", () => new Kept(), "answered a Kept"],
    ["a text", () => '{"n":1}', "answered a string"],
  ]
  const throwing = AWKWARD.map(({ name, make, words }): [string, unknown, string] => [
    `a throw of ${name}`,
    () => {
      throw make()
    },
    `threw: ${words}`,
  ])

  test.each([...odd, ...throwing])(
    "changes nothing where it answers %s, and says so by name",
    async (_, migrate, words) => {
      const { state, records, bring } = migrated(migrate)
      expect(bring).toThrow(ConfigError)
      expect(bring).toThrow(`the state of strategy s, version 1 to 2: migrate ${words}`)
      expect(bring).toThrow("nothing was changed. It must return, at once, a plain object with every key to keep")
      expect([kept(state), records]).toEqual([{ n: 1, old: "x" }, []])
    },
  )

  const tick = schedule({ everyMs: 100 })
  const two = (other: StateOptions) =>
    bot({ name: "a" })
      .task(tick)
      .strategy({ onSchedule() {} }, { name: "good", state: { version: 2, migrate: () => ({ n: 2 }) } })
      .strategy({ onSchedule() {} }, { name: "other", state: other })
  const rows = ["good", "other"].flatMap((strategy) => [row("$version", "1", strategy), row("n", "1", strategy)])

  test("that fails leaves the other strategies' state as it was, too; together they are one transaction", () => {
    const commits: (readonly JournalRecord[])[] = []
    const seeing = (state: StateOptions) => {
      const one = rig(two(state), { restored: { state: rows } })
      commits.push(...one.journal.commits)
    }
    const failing = () => {
      throw new Error("not yet")
    }
    expect(() => seeing({ version: 2, migrate: failing })).toThrow(
      "strategy other, version 1 to 2: migrate threw: not yet",
    )
    expect(commits).toEqual([])
    seeing({ version: 2, migrate: () => ({ n: 3 }) })
    expect(
      commits.map((records) => records.map((one) => (one.kind === "state" ? [one.strategy, one.key] : []))),
    ).toEqual([
      [
        ["good", "n"],
        ["good", "$version"],
        ["other", "n"],
        ["other", "$version"],
      ],
    ])
  })

  test("that the disk does not take ends the start: nobody reads an older version's state as its own", () => {
    const begin = () => rig(two({ version: 2, migrate: () => ({ n: 3 }) }), { restored: { state: rows }, isFull: true })
    expect(begin).toThrow(JournalError)
    expect(begin).toThrow("bot a cannot begin: the version of its strategies' state could not be written down")
  })

  test("is named by a watchdog while it runs", () => {
    const names: string[] = []
    const now: string[] = []
    const watch = {
      label: (name: string) => names.push(name),
      enter: (label: number) => {
        now.push(names[label - 1] ?? "nobody")
        return 0
      },
      leave: () => void now.push("over"),
    }
    rig(two({ version: 2, migrate: (_, old) => (now.push("inside"), old) }), { restored: { state: rows }, watch })
    expect(now).toEqual(["good.migrate", "over", "other.migrate", "inside", "over"])
  })
})

/** What the next start reads of what was committed. */
function restarted(commits: readonly (readonly JournalRecord[])[]): object {
  const rows = new Map<string, string>()
  for (const record of commits.flat()) {
    if (record.kind !== "state") continue
    if (record.value === undefined) rows.delete(record.key)
    else rows.set(record.key, record.value)
  }
  return kept(
    new KeptState(
      "s",
      [...rows].map(([key, value]) => row(key, value)),
      () => undefined,
    ),
  )
}

describe("state", () => {
  async function begun() {
    let seen: Context | undefined
    const one = rig(bot({ name: "a" }).strategy({ start: (ctx: Context) => void (seen = ctx) }, { name: "s" }))
    await one.engine.start()
    return { one, ctx: seen as Context }
  }

  test("refuses a list with holes, or with what is none of its items, by name", async () => {
    const { one, ctx } = await begun()
    expect(() => ctx.state.set("a", WITH_HOLE as never)).toThrow(
      new UsageError("state a.1 is a hole in a list, which JSON cannot hold"),
    )
    expect(() => ctx.state.set("a", { b: Array(2) } as never)).toThrow("state a.b.0 is a hole")
    expect(() => ctx.state.set("a", Object.assign([1], { note: "x" }) as never)).toThrow(
      "state a.note is no item of its list",
    )
    expect(() => ctx.state.set(1 as never, 1)).toThrow("a state key is of type number")
    ctx.state.set("a", [1, [2], 3])
    expect(ctx.state.get("a")).toEqual([1, [2], 3])
    await one.clock.advance(0)
    expect(one.journal.commits).toHaveLength(1)
  })

  test("of a turn that did not reach the disk is what it was, so that it can be written anew", async () => {
    const { one, ctx } = await begun()
    const { engine, journal } = one
    const all = () => kept(ctx.state as KeptState)
    engine.turn.run(() => {
      ctx.state.set("k", 1)
      ctx.state.set("gone", "x")
    })
    const write = () =>
      engine.turn.run(() => {
        ctx.state.set("k", 2)
        ctx.state.set("k", 5)
        ctx.state.delete("gone")
        ctx.state.set("new", true)
        expect(all()).toEqual({ k: 5, new: true })
      })
    journal.isFull = true
    write()
    expect([engine.mode, all()]).toEqual(["halted", { k: 1, gone: "x" }])
    // After an await: the rest of the microtask is the turn.
    ctx.state.set("k", 5)
    await settle()
    expect(all()).toEqual({ k: 1, gone: "x" })
    journal.isFull = false
    engine.resume()
    write()
    expect(restarted(journal.commits)).toEqual({ k: 5, new: true })
  })

  test("takes what a handler writes while the bot stops, and nothing after: by then nobody would keep it", async () => {
    let seen: Context | undefined
    const one = rig(
      bot({ name: "a" }).strategy(
        { start: (ctx: Context) => void (seen = ctx), stop: (ctx: Context) => ctx.state.set("last", 1) },
        { name: "s" },
      ),
    )
    await one.engine.start()
    const stopping = one.engine.stop("asked")
    await one.clock.advance(1)
    await stopping
    const commits = [[{ kind: "state", strategy: "s", key: "last", value: "1" }]]
    expect(one.journal.commits as unknown[]).toEqual(commits)
    const { state } = seen as Context
    const why = "state last of strategy s: the bot has stopped, and nothing is kept any more"
    expect(() => state.set("last", 2)).toThrow(new UsageError(why))
    expect(() => state.delete("last")).toThrow(why)
    expect(state.get<number>("last")).toBe(1)
    await one.clock.advance(1)
    expect(one.journal.commits as unknown[]).toEqual(commits)
  })
})
