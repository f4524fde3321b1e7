import type {
  Clock,
  Http,
  HttpCall,
  HttpReply,
  JournalRecord,
  Listener,
  Log,
  LogFields,
  Outside,
  Random,
  Socket,
  SocketHandler,
  Sockets,
} from "../ports.ts"
import type { Message, Trouble } from "../domain/callbacks.ts"
import { describe } from "../domain/errors.ts"
import { Hash, hashOf } from "./hash.ts"

/**
 * What a run did, in order: a line for every crossing of a port, every event that was handed to a handler, and every command
 * and metric that came of it, with its virtual time, its channel and a hash of its content. No stacks, paths or versions, so
 * that it is the same everywhere.
 * Reading the clock leaves no line of its own: the answer is the time of the next line.
 */
export class Trace {
  readonly #clock: Clock
  readonly #line: ((line: string) => void) | undefined
  readonly #hash = new Hash()
  #lines = 0

  constructor(clock: Clock, line?: (line: string) => void) {
    this.#clock = clock
    this.#line = line
  }

  add(channel: string, content: unknown): void {
    const line = `${this.#clock.monotonic()} ${channel} ${hashOf(content)}`
    this.#lines++
    this.#hash.text(line)
    this.#line?.(line)
  }

  get lines(): number {
    return this.#lines
  }

  /** Of every line so far: two runs with the same one did the same. */
  get digest(): string {
    return this.#hash.digest()
  }
}

/** Fields of the runtime's own log lines that tell of the machine, and may differ between two that did the same. */
const LOCAL_FIELDS = ["stack", "version", "pid", "memoryBytes"] as const

/** Whether a line's crossing leaves out some of what it says. */
export const hasLocalFields = (fields: LogFields = {}): boolean => LOCAL_FIELDS.some((name) => name in fields)

function withoutLocalFields(fields: LogFields | undefined): LogFields | undefined {
  if (!hasLocalFields(fields)) return fields
  const rest: Record<string, unknown> = { ...fields }
  for (const name of LOCAL_FIELDS) delete rest[name]
  return rest
}

/** An event as a line shows it: of what a handler threw, not where in the code. */
export function eventContent(message: Message<unknown>): unknown {
  const trouble = message.data as Partial<Trouble> | undefined
  if (trouble?.kind !== "handler" || trouble.detail === undefined) return message
  const { stack: _, ...detail } = trouble.detail
  return { ...message, data: { ...trouble, detail } }
}

export interface Difference {
  /** Counted from 1. */
  readonly line: number
  /** Undefined where that trace has ended. */
  readonly one: string | undefined
  readonly other: string | undefined
}

/** The first line in which two traces differ; undefined where they are the same. */
export function firstDifference(one: Iterable<string>, other: Iterable<string>): Difference | undefined {
  const [left, right] = [one[Symbol.iterator](), other[Symbol.iterator]()]
  for (let line = 1; ; line++) {
    const [a, b] = [left.next(), right.next()]
    if (a.done === true && b.done === true) return undefined
    if (a.value !== b.value) return { line, one: a.value, other: b.value }
  }
}

/** In words, for whoever must find out why. */
export const differenceText = ({ line, one, other }: Difference): string =>
  `line ${line} differs:\n  one:   ${one ?? "(ends here)"}\n  other: ${other ?? "(ends here)"}`

/** The same outside; everything that crosses it leaves a line. */
export function traced(outside: Outside, trace: Trace): Outside {
  return {
    ...outside,
    clock: tracedClock(outside.clock, trace),
    random: tracedRandom(outside.random, trace),
    log: tracedLog(outside.log, trace),
    sockets: tracedSockets(outside.sockets, trace),
    http: tracedHttp(outside.http, trace),
    listener: tracedListener(outside.listener, trace),
    env: {
      get(name) {
        const value = outside.env.get(name)
        trace.add("env", [name, value])
        return value
      },
      names(prefix) {
        const names = outside.env.names(prefix)
        trace.add("env", [prefix, names])
        return names
      },
      pid: outside.env.pid,
      memoryBytes: () => outside.env.memoryBytes(),
    },
  }
}

/** What a journal was given to write, as a line. */
export const traceCommit = (trace: Trace, records: readonly JournalRecord[]): void => trace.add("journal", records)

function tracedClock(clock: Clock, trace: Trace): Clock {
  let count = 0
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    timer(delayMs, fire) {
      const told = [++count, delayMs]
      trace.add("timer set", told)
      const timer = clock.timer(delayMs, () => {
        trace.add("timer", told)
        fire()
      })
      return {
        cancel() {
          trace.add("timer cancel", told)
          timer.cancel()
        },
      }
    },
    defer(run) {
      clock.defer(() => {
        trace.add("deferred", 0)
        run()
      })
    },
  }
}

function tracedRandom(random: Random, trace: Trace): Random {
  return {
    next() {
      const value = random.next()
      trace.add("random", value)
      return value
    },
  }
}

function tracedLog(log: Log, trace: Trace): Log {
  const level =
    (name: "debug" | "info" | "warn" | "error") =>
    (event: string, fields?: LogFields): void => {
      trace.add(`log ${event}`, [name, withoutLocalFields(fields)])
      log[name](event, fields)
    }
  return { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") }
}

function tracedSockets(sockets: Sockets, trace: Trace): Sockets {
  let count = 0
  return {
    open(target, handler) {
      const name = `socket ${++count}`
      trace.add(`${name} opening`, [target.url, target.headers])
      return tracedSocket(sockets.open(target, tracedHandler(handler, name, trace)), name, trace)
    },
  }
}

const tracedHandler = (handler: SocketHandler, name: string, trace: Trace): SocketHandler => ({
  open() {
    trace.add(`${name} open`, 0)
    handler.open()
  },
  text(text, receivedAt) {
    trace.add(`${name} received`, text)
    handler.text(text, receivedAt)
  },
  alive() {
    trace.add(`${name} alive`, 0)
    handler.alive?.()
  },
  closed(code, reason) {
    trace.add(`${name} closed`, [code, reason])
    handler.closed(code, reason)
  },
})

const tracedSocket = (socket: Socket, name: string, trace: Trace): Socket => ({
  send(text, departed) {
    trace.add(`${name} sent`, text)
    if (departed === undefined) return socket.send(text)
    return socket.send(text, (failure) => {
      trace.add(`${name} departed`, failure ?? "")
      departed(failure)
    })
  },
  ping() {
    trace.add(`${name} ping`, 0)
    socket.ping()
  },
  bufferedBytes: () => socket.bufferedBytes(),
  close(code, reason) {
    trace.add(`${name} close`, [code, reason])
    socket.close(code, reason)
  },
})

function tracedHttp(http: Http, trace: Trace): Http {
  let count = 0
  return {
    async request(call: HttpCall, timeoutMs: number): Promise<HttpReply> {
      const name = `http ${++count}`
      trace.add(`${name} request`, call)
      try {
        const reply = await http.request(call, timeoutMs)
        trace.add(`${name} reply`, reply)
        return reply
      } catch (error) {
        trace.add(`${name} failed`, describe(error))
        throw error
      }
    },
  }
}

const tracedListener = (listener: Listener, trace: Trace): Listener => ({
  listen(options) {
    trace.add("listen", [options.host, options.port])
    return listener.listen(options)
  },
})
