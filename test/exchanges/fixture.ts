import { readFileSync } from "node:fs"
import type { OperationName } from "../../src/runtime/domain/operation.ts"

/** A frame as the venue sends it, as text so that no digit is lost, and where it comes from. */
export interface FrameFixture {
  readonly name: string
  readonly source: string
  readonly date: string
  readonly frame: string
}

export interface ReplyFixture {
  readonly name: string
  readonly operation: OperationName
  readonly params: Readonly<Record<string, unknown>>
  readonly status: number
  readonly source: string
  readonly date: string
  readonly body: string
}

const json = (path: string): unknown => JSON.parse(readFileSync(`${import.meta.dir}/../fixtures/${path}`, "utf8"))

export const framesOf = (path: string): readonly FrameFixture[] => (json(path) as { frames: FrameFixture[] }).frames
export const repliesOf = (path: string): readonly ReplyFixture[] => (json(path) as { replies: ReplyFixture[] }).replies
