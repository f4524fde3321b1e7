// What comes here is wrong on purpose.
/* oxlint-disable unicorn/no-thenable */

/** Something a strategy may throw that is no ordinary Error. */
export interface Awkward {
  readonly name: string
  make(): unknown
  /** What is said of it. */
  readonly words: string
}

const UNSAYABLE = "something that cannot be put into words"

function evil(words: string): never {
  throw new Error(words)
}

/** An Error one of whose properties throws when it is read. */
function withGetter(property: "message" | "stack" | "cause" | "name"): Error {
  const error = new Error("x")
  return Object.defineProperty(error, property, { get: () => evil(`${property}!`) })
}

export const AWKWARD: readonly Awkward[] = [
  { name: "an object without a prototype", make: () => Object.create(null), words: UNSAYABLE },
  { name: "an object whose toString throws", make: () => ({ toString: () => evil("nasty") }), words: UNSAYABLE },
  { name: "a symbol", make: () => Symbol("s"), words: "Symbol(s)" },
  { name: "undefined", make: () => undefined, words: "undefined" },
  { name: "a bigint", make: () => 10n, words: "10" },
  { name: "an error whose stack throws", make: () => withGetter("stack"), words: "x" },
  { name: "an error whose message throws", make: () => withGetter("message"), words: UNSAYABLE },
  { name: "an error whose cause throws", make: () => withGetter("cause"), words: "x" },
  {
    name: "an error whose message JSON cannot hold",
    make: () => Object.assign(new Error("q"), { message: { a: 1n } }),
    words: "[object Object]",
  },
  {
    name: "an error whose stack is no text",
    make: () => Object.assign(new Error("q"), { stack: { a: 1n } }),
    words: "q",
  },
  {
    name: "an error that is its own cause",
    make: () => {
      const error = new Error("q")
      return Object.assign(error, { cause: error })
    },
    words: "q",
  },
  {
    name: "errors that are each other's cause",
    make: () => {
      const [one, other] = [new Error("one"), new Error("other")]
      return Object.assign(one, { cause: Object.assign(other, { cause: one }) })
    },
    words: "one: other: one: other: one: other: one: other: one",
  },
  {
    name: "an error with a thousand causes",
    make: () => Array.from({ length: 1_000 }).reduce((cause, _, at) => new Error(`e${at}`, { cause }), undefined),
    words: "e999: e998: e997: e996: e995: e994: e993: e992: e991",
  },
  {
    name: "a proxy that answers nothing",
    make: () => new Proxy({}, { get: () => evil("get"), getPrototypeOf: () => evil("prototype") }),
    words: UNSAYABLE,
  },
]

/** A handler that throws, rejects or returns what no handler should. Each of them is one error a call, told by these words. */
export interface WildHandler {
  readonly name: string
  handle(): unknown
  readonly words: string
}

/** Never the promise itself, which would be waited for, and not of JavaScript's own making. */
class Broken extends Promise<void> {
  override then(): never {
    return evil("then of a subclass")
  }
}

class Species extends Promise<void> {
  static override get [Symbol.species](): never {
    return evil("species")
  }
}

const returning: readonly WildHandler[] = [
  { name: "an object whose then throws", handle: () => ({ then: () => evil("then") }), words: "then" },
  {
    name: "an object whose then cannot be read",
    handle: () => Object.defineProperty({}, "then", { get: () => evil("reading then") }),
    words: "reading then",
  },
  {
    name: "an object whose then can be read once",
    handle() {
      let reads = 0
      return Object.defineProperty({}, "then", { get: () => (reads++ === 0 ? () => 1 : evil("second reading")) })
    },
    words: "second reading",
  },
  {
    name: "an object that settles twice",
    handle: () => ({
      then(_: unknown, fail: (error: Error) => void) {
        fail(new Error("first"))
        fail(new Error("second"))
      },
    }),
    words: "first",
  },
  {
    name: "a promise whose then throws",
    handle: () => Object.assign(Promise.resolve(), { then: () => evil("own then") }),
    words: "own then",
  },
  {
    name: "a promise of a class whose then throws",
    handle: () => new Broken(() => undefined),
    words: "then of a subclass",
  },
  { name: "a promise of a class whose species throws", handle: () => new Species(() => undefined), words: "species" },
  {
    name: "what only looks like a promise",
    handle: () => Object.create(Promise.prototype) as unknown,
    words: "|this| is not a Promise",
  },
  {
    name: "a proxy that answers nothing",
    handle: () => new Proxy({}, { get: () => evil("get"), getPrototypeOf: () => evil("prototype") }),
    words: "get",
  },
]

const raise = (value: unknown): never => {
  throw value
}

export const WILD_HANDLERS: readonly WildHandler[] = [
  ...AWKWARD.map(({ name, make, words }) => ({ name: `throws ${name}`, handle: () => raise(make()), words })),
  ...AWKWARD.map(({ name, make, words }) => ({
    name: `rejects with ${name}`,
    handle: () => Promise.reject(make()),
    words,
  })),
  ...returning.map((wild) => ({ ...wild, name: `returns ${wild.name}` })),
]
