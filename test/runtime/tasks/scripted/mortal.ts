import type { Clock, Http, Outside, Sockets } from "../../../../src/runtime/ports.ts"

/** The outside as one process sees it. Once killed, nothing reaches it and nothing of it goes on. */
export class Mortal {
  isAlive = true
  readonly outside: Outside

  constructor(outside: Outside) {
    const { clock } = outside
    const mine: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      timer: (delayMs, fire) => clock.timer(delayMs, () => this.isAlive && fire()),
      defer: (run) => clock.defer(() => this.isAlive && run()),
    }
    const http: Http = {
      request: (call, timeoutMs) => {
        const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Http["request"]>>>()
        if (!this.isAlive) return promise
        outside.http.request(call, timeoutMs).then(
          (reply) => this.isAlive && resolve(reply),
          (error: unknown) => this.isAlive && reject(error),
        )
        return promise
      },
    }
    const sockets: Sockets = {
      open: (target, handler) => {
        const socket = outside.sockets.open(target, {
          open: () => this.isAlive && handler.open(),
          text: (text, receivedAt) => this.isAlive && handler.text(text, receivedAt),
          alive: () => this.isAlive && handler.alive?.(),
          closed: (code, reason) => this.isAlive && handler.closed(code, reason),
        })
        return {
          send: (text) => this.isAlive && socket.send(text),
          ping: () => this.isAlive && socket.ping(),
          bufferedBytes: () => socket.bufferedBytes(),
          close: (code, reason) => socket.close(code, reason),
        }
      },
    }
    this.outside = { ...outside, clock: mine, http, sockets }
  }
}
