import { type Channel, channelName } from "../../domain/channel.ts"
import type { Inst } from "../../domain/inst.ts"
import type { BookRule, Subscription, Venue } from "../../ports.ts"
import { type Listener, Stream } from "./stream.ts"

/** One message's worth of streams, and what asks for them. */
export interface Ask {
  readonly streams: readonly Stream[]
  readonly subscription: Subscription
}

/** The streams that these tasks want, each once, in order of declaration. */
export function streamsOf(listeners: readonly Listener[], venue: Venue, now: number): Stream[] {
  const streams = new Map<string, Stream>()
  const channels: Channel[] = []
  for (const listener of listeners) {
    const channel = channelOf(listener, channels, venue, now)
    for (const inst of listener.insts) {
      const key = `${channelName(channel)} ${inst}`
      const stream = streams.get(key) ?? new Stream(channel, inst)
      streams.set(key, stream)
      stream.want(listener)
    }
  }
  const all = [...streams.values()]
  nameBuilders(all)
  return all
}

/** Two channels are one where the venue is asked for them in the same words: what one task leaves open, another may spell out. */
function channelOf(listener: Listener, known: Channel[], venue: Venue, now: number): Channel {
  const { channel, insts } = listener
  const [inst] = insts
  const same = known.find(
    (other) =>
      channelName(other) === channelName(channel) ||
      (inst !== undefined &&
        other.kind === channel.kind &&
        wordsFor(other, inst, venue, now) === wordsFor(channel, inst, venue, now)),
  )
  if (same === undefined) known.push(channel)
  return same ?? channel
}

function wordsFor(channel: Channel, inst: Inst, venue: Venue, now: number): string {
  const { url, headers = {}, messages } = venue.subscribe(channel, [inst], { now })
  return JSON.stringify([url, headers, messages])
}

/** One book an inst, built from the deepest and finest diffs that any task wants of it. */
function nameBuilders(streams: readonly Stream[]): void {
  const best = new Map<Inst, Stream>()
  const diffs = streams.filter(({ channel }) => channel.kind === "lob" && channel.form === "incremental")
  for (const stream of diffs) {
    const other = best.get(stream.inst)
    if (other === undefined || isFiner(stream.channel, other.channel)) best.set(stream.inst, stream)
  }
  for (const stream of diffs) {
    const builder = best.get(stream.inst)
    stream.builder = builder
    if (builder !== stream) builder?.followers.push(stream)
  }
}

/** What a book is built from instead where the venue refuses this stream; undefined where it builds none, or none is left. */
export function heirOf({ followers }: Stream): Stream | undefined {
  const [first, ...others] = followers.filter(({ isRefused, listeners }) => !isRefused && listeners.length > 0)
  return first && others.reduce((best, one) => (isFiner(one.channel, best.channel) ? one : best), first)
}

/** Diffs of the whole book unless a depth is named; venues send them ten times a second where nothing is said of their pace. */
const fineness = (channel: Channel): readonly [depth: number, everyMs: number] =>
  channel.kind === "lob" && channel.form === "incremental"
    ? [channel.depth ?? Infinity, channel.everyMs ?? 100]
    : [0, Infinity]

function isFiner(a: Channel, b: Channel): boolean {
  const [depth, everyMs] = fineness(a)
  const [otherDepth, otherEveryMs] = fineness(b)
  return depth === otherDepth ? everyMs < otherEveryMs : depth > otherDepth
}

interface Group {
  readonly address: string
  /** Of the streams in it: no other like it can be told apart from it. */
  readonly looks: Set<string>
  readonly streams: Stream[]
}

/** Puts streams on as few sockets as their addresses and the venue's limits allow; each group is one socket. */
export function socketsOf(streams: readonly Stream[], venue: Venue, now: number): Stream[][] {
  const groups: Group[] = []
  for (const stream of streams) {
    const { url, headers = {} } = venue.subscribe(stream.channel, [stream.inst], { now })
    const address = `${url} ${JSON.stringify(headers)}`
    const look = `${lookOf(stream.channel, venue.book)} ${stream.inst}`
    let group = groups.find((one) => one.address === address && hasRoom(one, look, venue))
    if (group === undefined) groups.push((group = { address, looks: new Set(), streams: [] }))
    group.looks.add(look)
    group.streams.push(stream)
  }
  return groups.flatMap((group) => parted(group.streams, venue, now))
}

const hasRoom = ({ streams, looks }: Group, look: string, { limits }: Venue): boolean =>
  streams.length < limits.subscriptionsPerConnection && !looks.has(look)

/** What an event tells of its channel: aggregated trades and single ones look alike, and so do diffs at two paces. */
function lookOf(channel: Channel, { image }: BookRule): string {
  if (channel.kind === "candles") return `candles ${channel.interval}`
  if (channel.kind !== "lob") return channel.kind
  if (channel.form === "bbo") return "bbo"
  return image === "rest" ? channel.form : "book"
}

/** Asks whose answers the venue calls by the same id cannot wait on one socket. */
function parted(streams: readonly Stream[], venue: Venue, now: number): Stream[][] {
  const ids = new Set<string>()
  const kept: Stream[] = []
  const others: Stream[] = []
  for (const ask of asksOf(streams, venue, "subscribe", now)) {
    const { ids: own = [] } = ask.subscription
    if (own.some((id) => ids.has(id))) others.push(...ask.streams)
    else kept.push(...ask.streams)
    for (const id of own) ids.add(id)
  }
  return others.length === 0 ? [[...streams]] : [kept, ...parted(others, venue, now)]
}

/** As few messages as the venue's limit allows; a stream that was refused has one of its own. */
export function asksOf(
  streams: readonly Stream[],
  venue: Venue,
  method: "subscribe" | "unsubscribe",
  now: number,
): Ask[] {
  const ask = (some: readonly Stream[]): Ask => {
    const insts = some.map(({ inst }) => inst)
    return { streams: some, subscription: venue[method](some[0]!.channel, insts, { now }) }
  }
  const byChannel = Map.groupBy(
    streams.filter(({ isRefused }) => !isRefused),
    ({ channel }) => channel,
  )
  const together = [...byChannel.values()].flatMap((some) => chunks(some, venue.limits.instsPerMessage))
  const alone = streams.filter(({ isRefused }) => isRefused).map((stream) => [stream])
  return [...together, ...alone].map(ask)
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = []
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size))
  return groups
}
