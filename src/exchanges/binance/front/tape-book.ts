interface Image {
  lastUpdateId: number
  E: number
  T: number
  bids: [string, string][]
  asks: [string, string][]
}

interface Diff {
  E: number
  T: number
  u: number
  b: [string, string][]
  a: [string, string][]
}

/** What a tape's diffs have made of its snapshot; reckoned only when somebody asks. */
export class TapeBook {
  #image: Image | undefined
  readonly #bids = new Map<string, string>()
  readonly #asks = new Map<string, string>()
  /** Diffs met that are not in the maps yet. */
  #waiting: string[] = []

  follow(diff: string): void {
    this.#waiting.push(diff)
  }

  load(snapshot: string): void {
    if (this.#image !== undefined) return
    this.#image = JSON.parse(snapshot) as Image
    apply(this.#bids, this.#image.bids)
    apply(this.#asks, this.#image.asks)
  }

  /** The reply of REST depth: as captured, or with the diffs since; `move` shifts its times. */
  text(limit: number, hasDiffs: boolean, move: (text: string) => string): string {
    const image = this.#image!
    if (hasDiffs) this.#catchUp(image)
    const bids = best(this.#bids, -1, limit)
    const asks = best(this.#asks, 1, limit)
    return move(JSON.stringify({ lastUpdateId: image.lastUpdateId, E: image.E, T: image.T, bids, asks }))
  }

  #catchUp(image: Image): void {
    for (const text of this.#waiting) {
      const diff = JSON.parse(text) as Diff
      if (diff.u <= image.lastUpdateId) continue
      image.lastUpdateId = diff.u
      image.E = diff.E
      image.T = diff.T
      apply(this.#bids, diff.b)
      apply(this.#asks, diff.a)
    }
    this.#waiting = []
  }
}

function apply(side: Map<string, string>, levels: readonly [string, string][]): void {
  for (const [price, size] of levels) {
    if (Number(size) === 0) side.delete(price)
    else side.set(price, size)
  }
}

const best = (side: Map<string, string>, sign: number, limit: number): [string, string][] =>
  [...side].sort(([a], [b]) => (Number(a) - Number(b)) * sign).slice(0, limit)
