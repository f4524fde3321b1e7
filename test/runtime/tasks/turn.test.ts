import { describe, expect, test } from "bun:test"
import { JournalError } from "../../../src/runtime/domain/errors.ts"
import type { Journal, JournalRecord } from "../../../src/runtime/ports.ts"
import { Turn } from "../../../src/runtime/tasks/turn.ts"

function scripted() {
  const done: string[] = []
  const failures: JournalError[] = []
  const disk = { failure: undefined as Error | undefined }
  const commit = (records: readonly JournalRecord[]) => {
    if (disk.failure !== undefined) throw disk.failure
    done.push(`commit ${records.map((record) => (record.kind === "state" ? record.key : record.kind)).join(" ")}`)
  }
  const turn = new Turn({ commit } as Partial<Journal> as Journal, (error) => failures.push(error))
  const record = (key: string) => turn.record({ kind: "state", strategy: "s", key, value: "1" })
  const send = (what: string) => turn.afterCommit(() => done.push(`send ${what}`))
  return { turn, done, failures, disk, record, send }
}

describe("a turn", () => {
  test("is one transaction, and what it sends leaves after it, in order", () => {
    const { turn, done, record, send } = scripted()
    const result = turn.run(() => {
      send("first")
      record("a")
      turn.run(() => {
        record("b")
        send("second")
      })
      expect(done).toEqual([])
      return 7
    })
    expect([result, done]).toEqual([7, ["commit a b", "send first", "send second"]])
  })

  test("that wrote nothing writes nothing", () => {
    const { turn, done, send } = scripted()
    turn.run(() => undefined)
    expect(done).toEqual([])
    turn.run(() => send("a ping"))
    expect(done).toEqual(["send a ping"])
  })

  test("whose transaction fails sends nothing, tells why, and leaves the next turn alone", () => {
    const { turn, done, failures, disk, record, send } = scripted()
    disk.failure = new JournalError("the disk is full")
    turn.run(() => {
      record("a")
      send("an order")
    })
    expect([done, failures.map(({ message }) => message)]).toEqual([[], ["the disk is full"]])
    disk.failure = new Error("something else")
    turn.run(() => record("b"))
    expect(failures[1]).toBeInstanceOf(JournalError)
    disk.failure = undefined
    turn.run(() => record("c"))
    expect(done).toEqual(["commit c"])
  })

  test("whose transaction fails takes back what was recorded, the last first, before it tells", () => {
    const { turn, done, failures, disk } = scripted()
    const record = (key: string) =>
      turn.record({ kind: "state", strategy: "s", key, value: "1" }, () => done.push(`${failures.length} undo ${key}`))
    turn.run(() => record("kept"))
    disk.failure = new JournalError("the disk is full")
    turn.run(() => {
      record("a")
      record("b")
    })
    turn.run(() => record("c"))
    expect(done).toEqual(["commit kept", "0 undo b", "0 undo a", "1 undo c"])
  })

  test("keeps what was recorded where its work throws, and the error goes on", () => {
    const { turn, done, record, send } = scripted()
    const work = () =>
      turn.run(() => {
        record("a")
        send("an order")
        throw new Error("a handler's mistake")
      })
    expect(work).toThrow("a handler's mistake")
    expect(done).toEqual(["commit a", "send an order"])
  })

  test("takes up what sending leaves to be written, in a transaction of its own", () => {
    const { turn, done, record, send } = scripted()
    turn.run(() => {
      record("a")
      turn.afterCommit(() => {
        record("b")
        send("after b")
      })
    })
    expect(done).toEqual(["commit a", "commit b", "send after b"])
  })

  test("outside any other is the rest of the microtask: after an await, records still go before what is sent", async () => {
    const { done, record, send } = scripted()
    await Promise.resolve()
    send("an order")
    record("a")
    expect(done).toEqual([])
    await Promise.resolve()
    expect(done).toEqual(["commit a", "send an order"])
  })
})
