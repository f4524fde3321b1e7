import type { TaskRef } from "../../domain/callbacks.ts"

/** One of the tasks that a `chunk` stands for: what a binding or a command names when it means that one alone. */
export interface Part<H = unknown> {
  readonly kind: "part"
  readonly of: H
  /** Its number, or the task that an event came from. */
  readonly which: number | TaskRef
}

/** A declared task that may stand for several: `N` are the numbers of its parts. */
export interface Divisible<N extends number> {
  /**
   * One part of a `chunk`, by its number: from 1 to `chunk`, or from `taskBaseId` where that was given, as the ids
   * count. Or the part that an event came from: `handle.part(message.task)`. A part that does not exist does not compile
   * where the numbers are literals, is a mistake at `build` in a binding, and throws UsageError in a command.
   */
  part(which: N | TaskRef): Part<this>
}

/** The parts of `H`, where it can have some. */
export type PartOf<H> = H extends Divisible<number> ? Part<H> : never
/** A handle, or one part of it. */
export type Named<H> = H | PartOf<H>
/** What a part is a part of. */
export type WholeOf<H> = H extends Part<infer W> ? W : H

type IsUnion<N, All = N> = N extends unknown ? ([All] extends [N] ? false : true) : never
/** What a command goes to where it must say which task is meant: a part, or the whole where that is one task. */
export type Sole<H> =
  | PartOf<H>
  | (H extends { part(which: infer W): unknown } ? (true extends IsUnion<Exclude<W, TaskRef>> ? never : H) : H)

// ---- the numbers of a chunk's parts, where its options are literals ----

type Zeros<N extends number, Z extends 0[] = []> = Z["length"] extends N
  ? Z
  : Z["length"] extends 512
    ? never
    : Zeros<N, [...Z, 0]>
type Range<From extends 0[], Left extends 0[], All = never> = Left extends [0, ...infer Rest extends 0[]]
  ? Range<[...From, 0], Rest, All | From["length"]>
  : All
type Option<O, K extends string, Absent extends number> = O extends { readonly [P in K]: infer V extends number }
  ? V
  : K extends keyof O
    ? number
    : Absent
type Span<First extends number, Count extends number> = number extends First | Count
  ? number
  : `${First | Count}` extends `${string}${"." | "-" | "e"}${string}`
    ? number
    : [Zeros<First>, Zeros<Count>] extends [infer F extends 0[], infer C extends 0[]]
      ? [F] extends [never]
        ? number
        : [C] extends [never]
          ? number
          : Range<F, C>
      : number

/** `1 | 2 | 3` of `{ chunk: 3 }`, `10 | 11` of `{ taskBaseId: 10, chunk: 2 }`, `number` where that is not known or large. */
export type NumbersOf<O> = Span<Option<O, "taskBaseId", 1>, Option<O, "chunk", 1>> & number

/** Makes a misspelt option an error. */
export type Only<O, Known> = {
  readonly [K in keyof O]: K extends keyof Known
    ? unknown
    : string extends K
      ? unknown
      : `no option is named ${K & string}`
}
