import { promisify } from "node:util"
import type { Clock, Timer } from "../../ports.ts"

type Callback = (...args: unknown[]) => unknown

/** The timers of one clock, by the number that stands for each: the same numbers in every run. */
interface Book {
  last: number
  readonly live: Map<number, VirtualTimer>
}
const books = new WeakMap<Clock, Book>()

/** What `setTimeout` gives on the runtimes: it can be asked the same things, which hold no process here. */
class VirtualTimer {
  readonly #clock: Clock
  readonly #book: Book
  readonly #id: number
  readonly #delayMs: number
  readonly #repeats: boolean
  readonly #run: () => void
  #timer: Timer | undefined
  #hasRef = true

  constructor(clock: Clock, delayMs: number, repeats: boolean, run: () => void) {
    const book = books.get(clock) ?? { last: 0, live: new Map() }
    books.set(clock, book)
    this.#clock = clock
    this.#book = book
    this.#id = ++book.last
    this.#delayMs = delayMs
    this.#repeats = repeats
    this.#run = run
    this.#arm()
  }

  #arm(): void {
    this.#book.live.set(this.#id, this)
    this.#timer = this.#clock.timer(this.#delayMs, () => {
      if (this.#repeats) this.#arm()
      else this.close()
      this.#run()
    })
  }

  ref(): this {
    this.#hasRef = true
    return this
  }

  unref(): this {
    this.#hasRef = false
    return this
  }

  hasRef(): boolean {
    return this.#hasRef
  }

  /** From its beginning again, also where it has fired. */
  refresh(): this {
    this.#timer?.cancel()
    this.#arm()
    return this
  }

  close(): this {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#book.live.delete(this.#id)
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.toPrimitive](): number {
    return this.#id
  }
}

/** JavaScript's timers on this clock, and what else is made of them. */
export function virtualTimers(clock: () => Clock) {
  const once = (run: Callback, delayMs: unknown = 0, ...args: unknown[]): VirtualTimer =>
    new VirtualTimer(clock(), Number(delayMs), false, () => void run(...args))
  const again = (run: Callback, everyMs: unknown = 0, ...args: unknown[]): VirtualTimer =>
    // Not a number is the shortest there is, too.
    new VirtualTimer(clock(), Number(everyMs) > 1 ? Number(everyMs) : 1, true, () => void run(...args))
  const soon = (run: Callback, ...args: unknown[]): VirtualTimer => once(run, 0, ...args)
  const clear = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.close()
    else if (typeof timer !== "object") books.get(clock())?.live.get(Number(timer))?.close()
  }
  const sleep = <T>(delayMs: number | Date, value?: T): Promise<T | undefined> =>
    new Promise((resolve) => {
      const ms = delayMs instanceof Date ? delayMs.getTime() - clock().now() / 1_000 : delayMs
      once(() => resolve(value), ms)
    })
  return {
    setTimeout: Object.assign(once, { [promisify.custom]: sleep }),
    setInterval: again,
    setImmediate: Object.assign(soon, { [promisify.custom]: (value: unknown) => sleep(0, value) }),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    sleep,
    timeoutSignal(delayMs: number): AbortSignal {
      const controller = new AbortController()
      once(() => controller.abort(new DOMException("The operation timed out.", "TimeoutError")), delayMs)
      return controller.signal
    },
  }
}
