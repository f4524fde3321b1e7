import { expect, test } from "bun:test"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import { mortal } from "../../../src/runtime/simulation/mortal.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"

test("what the dead have sent arrives; nothing reaches them, and nothing more of them gets out", () => {
  const outside = virtualOutside({ startAt: 0, seed: 1, drain: drainMicrotasks, faults: { latencyMsMin: 5 } })
  const [there, here]: [string[], string[]] = [[], []]
  void outside.listener.listen({
    host: "h",
    port: 1,
    request: (request) => (there.push(new URL(request.url).pathname), new Response("")),
    sockets: {
      open: () => undefined,
      text: (connection, text) => (there.push(text), connection.send("answer")),
      alive() {},
      closed: () => void there.push("closed"),
    },
  })
  const body = mortal(outside)
  const { clock, http, sockets, log } = body.outside
  const socket = sockets.open(
    { url: "ws://h:1/", connectMsMax: 100 },
    {
      open: () => void here.push("open"),
      text: (text) => void here.push(text),
      closed: () => void here.push("closed"),
    },
  )
  outside.clock.advance(20)
  expect(socket.send("order")).toBe(true)
  void http.request({ method: "GET", url: "http://h:1/before", headers: {} }, 1_000).then(() => here.push("reply"))
  clock.timer(1, () => here.push("timer"))
  clock.defer(() => here.push("deferred"))
  body.die()
  outside.network.abandonAll()
  expect(socket.send("too late")).toBe(false)
  void http.request({ method: "GET", url: "http://h:1/after", headers: {} }, 1_000)
  log.error("from the dead")
  outside.clock.advance(2_000)
  expect(here).toEqual(["open"])
  expect(there).toEqual(["order", "/before", "closed"])
  expect(outside.log.lines).toEqual([])
})
