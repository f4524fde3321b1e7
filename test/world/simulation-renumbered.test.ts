// A diff whose update numbers went wrong while its text stayed well-formed: the one mangling that only continuity can tell.
import { expect, test } from "bun:test"
import { book, bot, type Bot } from "perigee"
import { binanceUm } from "../../src/exchanges/binance/index.ts"
import type { Channel } from "../../src/runtime/domain/channel.ts"
import { type Witness, witness } from "../../src/runtime/simulation/witness.ts"
import type { RunningFeed } from "../../src/runtime/tasks/task.ts"
import { openSimulation } from "../../src/world/simulation.ts"
import { SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { altered } from "./simulated/altered.ts"

const INST = "BTC_USDT_PERP"
const CHANNEL: Channel = { kind: "lob", form: "incremental", everyMs: 0 }
const NTH = 60

/** The digit at `place` (from the end) of a number in a frame, another one. */
function renumbered(text: string, field: string, place: number): string {
  return text.replace(new RegExp(`"${field}":(\\d+)`), (_, number: string) => {
    const at = Math.max(0, number.length - place)
    return `"${field}":${number.slice(0, at)}${(Number(number[at]) + 5) % 10}${number.slice(at + 1)}`
  })
}

interface Seen {
  /** Diffs heard from the altered one on, by the time the book was given up; undefined where it never was. */
  heard: number | undefined
  readonly mistakes: string[]
  readonly states: string[]
}

async function watch(change: (text: string) => string): Promise<Seen> {
  let heard = 0
  let watching: Witness | undefined
  const seen: Seen = { heard: undefined, mistakes: [], states: [] }
  const watcher = (): Bot =>
    bot({ name: "watcher" })
      .task(book("binance-um", [INST], { everyMs: 0 }))
      .strategy({
        onLob: () => void heard++,
        onBookState({ data }) {
          seen.states.push(data.state)
          if (data.state === "quarantined") seen.heard ??= heard
        },
      }) as unknown as Bot
  const simulation = await openSimulation({
    bot: watcher,
    seed: 11,
    rate: 60,
    faults: { latencyMsMin: 1, latencyMsMax: 3 },
    through(front, clock) {
      const venue = binanceUm({ endpoint: "http://exchange:8080" })
      watching = witness({ front, venue, clock, credentials: SIM_ACCOUNT, channel: CHANNEL, insts: [INST] })
      return altered(watching.front, { nth: NTH, change, isMeant: (text) => text.includes('"depthUpdate"') })
    },
  })
  for (let ms = 0; ms < 10_000; ms++) {
    simulation.advance(1)
    const feed = simulation.world.engine.tasks.find((task): task is RunningFeed => task.spec.kind === "feed")
    const view = feed?.book(INST)
    if (view?.state !== "live") continue
    const { bids, asks } = view.levels(20)
    const mistake = watching!.mistake({ inst: INST, seq: view.seq, bids, asks })
    if (mistake !== undefined) seen.mistakes.push(mistake)
  }
  const ended = { ...seen, states: [...seen.states] }
  simulation.stop("the test is over")
  return ended
}

test("nothing is wrong where nothing was changed", async () => {
  expect(await watch((text) => text)).toEqual({ heard: undefined, mistakes: [], states: ["live"] })
})

const places = [1, 3, 6]
const GIVEN_UP = ["live", "quarantined", "live"]

test.each(places)("a wrong pu (digit %d from its end) is a gap at once: the book is made anew", async (place) => {
  const seen = await watch((text) => renumbered(text, "pu", place))
  expect(seen).toEqual({ heard: NTH - 1, mistakes: [], states: GIVEN_UP })
})

test.each(places)("a wrong U (digit %d from its end) harms nobody who follows by pu", async (place) => {
  const seen = await watch((text) => renumbered(text, "U", place))
  expect(seen).toEqual({ heard: undefined, mistakes: [], states: ["live"] })
})

// The diff itself follows its predecessor; that its own number is wrong shows in its successor.
test.each(places)(
  "a wrong u (digit %d from its end) is told by the next diff, and the book is made anew",
  async (place) => {
    const { mistakes, ...seen } = await watch((text) => renumbered(text, "u", place))
    expect(seen).toEqual({ heard: NTH, states: GIVEN_UP })
    expect(mistakes.filter((mistake) => !mistake.includes("a book is believed at update"))).toEqual([])
  },
)
