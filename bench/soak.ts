// `bun bench/soak.ts --seconds N [--rate R]`: the demo under R events a second. Does its memory stay where it is, and how
// long do its frames take to their handlers? Ends with status 1 where memory grows, or a long run does not bring R.
import { join } from "node:path"
import { parseArgs } from "node:util"
import { median, round } from "./measure.ts"
import { engineSettings, finishedJson, freePort, memoryMb, root, scratch } from "./program.ts"

/** From two minutes on memory is to be flat; a short run begins to look after a third of its time. */
const warmUpSecMax = 120
const sampleMs = 500
/** Events the bot gets of one event of the simulated order flow: some trade, most move the book. */
const eventsPerFlow = 1.4
/** Of the asked rate: a long run with less has not tried what it says. */
const rateShareMin = 0.9
const longSec = 300
/** MB a minute. */
const slopeMax = 0.2

export interface Sample {
  /** Seconds since the bot was ready. */
  readonly at: number
  readonly mb: number
  /** What is no copy of a file. Code comes and goes by the megabyte; behind that a heap could grow unseen. */
  readonly anonymousMb: number
}

export interface Verdict {
  readonly warmUpSec: number
  readonly slopeMbPerMinute: number
  readonly anonymousSlopeMbPerMinute: number
  /** Medians of the first and the last fifth after the warm-up. */
  readonly startMb: number
  readonly endMb: number
  readonly growth: number
  /** Medians of each minute, the warm-up's too: altogether, and of what is no copy of a file. */
  readonly minutesMb: readonly (readonly [mb: number, anonymousMb: number])[]
  readonly isFlat: boolean
}

export interface Soaked extends Verdict {
  readonly seconds: number
  readonly events: number
  readonly eventsPerSecond: number
  /** Asked for, events a second. */
  readonly rate: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly peakMb: number
  /** Memory is flat and, in a long run, the events were about as many as asked for. */
  readonly held: boolean
}

/**
 * What the samples say. A long run must not slope by 0.2 MB a minute, neither altogether nor in what is no copy of a file, nor
 * end 3 % above its start. A run under five minutes
 * sees the engine still compile and size its heap: it fails at 15 %, which at 50,000 events a second is some 30 bytes an event.
 */
export function judge(samples: readonly Sample[], seconds: number): Verdict {
  const warmUpSec = Math.min(warmUpSecMax, seconds / 3)
  const counted = samples.filter(({ at }) => at >= warmUpSec)
  const fifth = Math.max(1, Math.floor(counted.length / 5))
  const startMb = median(counted.slice(0, fifth).map(({ mb }) => mb))
  const endMb = median(counted.slice(-fifth).map(({ mb }) => mb))
  const slopeMbPerMinute = slope(counted, ({ mb }) => mb) * 60
  const anonymousSlopeMbPerMinute = slope(counted, ({ anonymousMb }) => anonymousMb) * 60
  const growth = endMb / startMb - 1
  const isLevel = slopeMbPerMinute < slopeMax && anonymousSlopeMbPerMinute < slopeMax
  const isFlat = seconds >= longSec ? isLevel && growth <= 0.03 : growth <= 0.15
  const minutesMb = minutesOf(samples)
  return { warmUpSec, slopeMbPerMinute, anonymousSlopeMbPerMinute, startMb, endMb, growth, minutesMb, isFlat }
}

function minutesOf(samples: readonly Sample[]): [mb: number, anonymousMb: number][] {
  const minutes = Map.groupBy(samples, ({ at }) => Math.floor(at / 60))
  return Array.from(minutes.values(), (minute) => [
    tenths(median(minute.map(({ mb }) => mb))),
    tenths(median(minute.map(({ anonymousMb }) => anonymousMb))),
  ])
}

const tenths = (mb: number): number => Number(mb.toFixed(1))

/** Least squares, MB a second. */
function slope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const middleAt = samples.reduce((sum, { at }) => sum + at, 0) / samples.length
  const middleMb = samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const above = samples.reduce((sum, sample) => sum + (sample.at - middleAt) * (of(sample) - middleMb), 0)
  const below = samples.reduce((sum, { at }) => sum + (at - middleAt) ** 2, 0)
  return below === 0 ? 0 : above / below
}

/** Whether a run as long as that brought what was asked for. A short one shows memory only. */
export const isBusy = (ran: Pick<Soaked, "seconds" | "eventsPerSecond" | "rate">): boolean =>
  ran.seconds < longSec || ran.eventsPerSecond >= rateShareMin * ran.rate

interface Latency {
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
}

export async function soak(options: { readonly seconds: number; readonly rate: number }): Promise<Soaked> {
  const { seconds, rate } = options
  const port = freePort()
  const flow = Math.round(rate / eventsPerFlow)
  const { folder, close } = scratch()
  // On a disk, as bots keep their orders: in memory each would stay.
  const kept = ["--db", join(folder, "demo.db")]
  const words = ["--seconds", String(seconds), "--rate", String(flow), "--http-port", String(port), "--json", ...kept]
  const demo = Bun.spawn([process.execPath, "src/main.ts", "demo", ...words], {
    cwd: root,
    env: { ...process.env, ...engineSettings() },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const summary = finishedJson<{ events: number; seconds: number; peakRssMb: number }>(demo)
  const url = `http://127.0.0.1:${port}`
  await untilReady(url, demo)
  const samples: Sample[] = []
  let latency: Latency = { p50Us: 0, p99Us: 0, p999Us: 0 }
  const startedAt = performance.now()
  const at = (): number => (performance.now() - startedAt) / 1_000
  while (at() < seconds - 1 && demo.exitCode === null) {
    const { now, anonymous } = memoryMb(demo.pid)
    samples.push({ at: at(), mb: now, anonymousMb: anonymous })
    if (at() > seconds - 2) latency = await latencyOf(url)
    await Bun.sleep(sampleMs)
  }
  const { events, peakRssMb } = await summary
  close()
  const ran = { seconds, events, eventsPerSecond: events / seconds, rate, peakMb: peakRssMb }
  const verdict = judge(samples, seconds)
  return { ...ran, ...latency, ...verdict, held: verdict.isFlat && isBusy(ran) }
}

async function untilReady(url: string, demo: { readonly exitCode: number | null }): Promise<void> {
  while (demo.exitCode === null) {
    const isReady = await fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await Bun.sleep(50)
  }
  throw new Error(`the demo ended with status ${demo.exitCode} before it was ready`)
}

async function latencyOf(url: string): Promise<Latency> {
  const state = (await (await fetch(`${url}/state`)).json()) as { latencies: [Latency] }
  return state.latencies[0]
}

export const words = (result: Soaked): string =>
  [
    `${result.events} events in ${result.seconds} s, ${Math.round(result.eventsPerSecond)} a second of ${result.rate} asked for`,
    `frame to handler: p50 ${round(result.p50Us)} µs, p99 ${round(result.p99Us)} µs, p99.9 ${round(result.p999Us)} µs`,
    `memory after ${round(result.warmUpSec)} s: ${round(result.startMb)} MB, at the end ${round(result.endMb)} MB ` +
      `(${(result.growth * 100).toFixed(1)} %), ${result.slopeMbPerMinute.toFixed(2)} MB a minute ` +
      `(without copies of files ${result.anonymousSlopeMbPerMinute.toFixed(2)}), peak ${round(result.peakMb)} MB`,
    result.isFlat ? "flat" : "GROWS",
    ...(isBusy(result) ? [] : [`TOO FEW EVENTS: under ${rateShareMin * 100} % of what was asked for`]),
  ].join("\n")

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "600" },
      rate: { type: "string", default: "50000" },
      json: { type: "boolean", default: false },
    },
  })
  const [seconds, rate] = [Number(values.seconds), Number(values.rate)]
  if (!(seconds >= 6) || !(rate > 0)) {
    console.error("usage: bun bench/soak.ts --seconds N (6 or more) [--rate EVENTS_A_SECOND] [--json]")
    process.exit(2)
  }
  const result = await soak({ seconds, rate })
  console.log(words(result))
  if (values.json) console.log(JSON.stringify(result))
  process.exit(result.held ? 0 : 1)
}
