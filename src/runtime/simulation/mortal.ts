import type { Clock, Http, Listener, Log, Outside, Sockets } from "../ports.ts"

/** An outside as one process sees it, until it dies in the middle of whatever it did. */
export interface Mortal {
  readonly outside: Outside
  readonly isAlive: boolean
  /** From now on nothing reaches it and nothing of it gets out. Its peers notice nothing until its connections are cut. */
  die(): void
}

export function mortal(outside: Outside): Mortal {
  let isAlive = true
  const alive = (): boolean => isAlive
  return {
    outside: {
      ...outside,
      clock: mortalClock(outside.clock, alive),
      http: mortalHttp(outside.http, alive),
      sockets: mortalSockets(outside.sockets, alive),
      listener: mortalListener(outside.listener, alive),
      log: mortalLog(outside.log, alive),
    },
    get isAlive() {
      return isAlive
    },
    die: () => void (isAlive = false),
  }
}

const mortalClock = (clock: Clock, alive: () => boolean): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  timer: (delayMs, fire) =>
    clock.timer(delayMs, () => {
      if (alive()) fire()
    }),
  defer: (run) =>
    clock.defer(() => {
      if (alive()) run()
    }),
})

const mortalHttp = (http: Http, alive: () => boolean): Http => ({
  request(call, timeoutMs) {
    const answer = Promise.withResolvers<Awaited<ReturnType<Http["request"]>>>()
    if (!alive()) return answer.promise
    http.request(call, timeoutMs).then(
      (reply) => {
        if (alive()) answer.resolve(reply)
      },
      (error: unknown) => {
        if (alive()) answer.reject(error)
      },
    )
    return answer.promise
  },
})

const mortalSockets = (sockets: Sockets, alive: () => boolean): Sockets => ({
  open(target, handler) {
    const socket = sockets.open(target, {
      open() {
        if (alive()) handler.open()
      },
      text(text, receivedAt) {
        if (alive()) handler.text(text, receivedAt)
      },
      alive() {
        if (alive()) handler.alive?.()
      },
      closed(code, reason) {
        if (alive()) handler.closed(code, reason)
      },
    })
    return {
      send: (text, departed) => alive() && socket.send(text, departed && ((failure) => alive() && departed(failure))),
      ping() {
        if (alive()) socket.ping()
      },
      bufferedBytes: () => socket.bufferedBytes(),
      close(code, reason) {
        if (alive()) socket.close(code, reason)
      },
    }
  },
})

const mortalListener = (listener: Listener, alive: () => boolean): Listener => ({
  listen: (options) => (alive() ? listener.listen(options) : new Promise(() => {})),
})

function mortalLog(log: Log, alive: () => boolean): Log {
  const level =
    (name: "debug" | "info" | "warn" | "error"): Log["info"] =>
    (event, fields) => {
      if (alive()) log[name](event, fields)
    }
  return { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") }
}
