/**
 * Numbers to read: a typed array that others hold as well, so that nobody may change it. `slice()`, `new Float64Array(…)`,
 * `Float32Array.from(…)` and `[...…]` give a copy of one's own. `Own` is what the copy is.
 */
export interface ReadonlyNumbers<Own> extends Iterable<number> {
  readonly length: number
  readonly byteLength: number
  readonly [index: number]: number
  readonly [Symbol.iterator]: () => ArrayIterator<number>
  at(index: number): number | undefined
  entries(): ArrayIterator<[number, number]>
  every(holds: (value: number, index: number, all: this) => unknown): boolean
  filter(holds: (value: number, index: number, all: this) => unknown): Own
  find(holds: (value: number, index: number, all: this) => unknown): number | undefined
  findIndex(holds: (value: number, index: number, all: this) => unknown): number
  findLast(holds: (value: number, index: number, all: this) => unknown): number | undefined
  findLastIndex(holds: (value: number, index: number, all: this) => unknown): number
  forEach(run: (value: number, index: number, all: this) => void): void
  includes(value: number, from?: number): boolean
  indexOf(value: number, from?: number): number
  join(separator?: string): string
  keys(): ArrayIterator<number>
  lastIndexOf(value: number, from?: number): number
  map(change: (value: number, index: number, all: this) => number): Own
  reduce<T = number>(add: (sum: T, value: number, index: number, all: this) => T, start: T): T
  reduceRight<T = number>(add: (sum: T, value: number, index: number, all: this) => T, start: T): T
  slice(start?: number, end?: number): Own
  some(holds: (value: number, index: number, all: this) => unknown): boolean
  /** The same numbers, not a copy. */
  subarray(start?: number, end?: number): ReadonlyNumbers<Own>
  toReversed(): Own
  toSorted(compare?: (a: number, b: number) => number): Own
  values(): ArrayIterator<number>
  with(index: number, value: number): Own
}

export type ReadonlyFloat64s = ReadonlyNumbers<Float64Array<ArrayBuffer>>
export type ReadonlyFloat32s = ReadonlyNumbers<Float32Array<ArrayBuffer>>
export type ReadonlyInt32s = ReadonlyNumbers<Int32Array<ArrayBuffer>>

/** The array that it is, for whoever moves its bytes and changes none of them. */
export const memoryOf = (numbers: ReadonlyFloat32s): Float32Array => numbers as unknown as Float32Array
