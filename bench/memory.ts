// Resident memory of a bot's own executable, run as the image runs it, with all its rings full, without and with a model: the median from a warm-up
// on, and the peak. Both run side by side on one simulated exchange.
import { type Bench, median, type Row, valueRow } from "./measure.ts"
import { built, freePort, memoryMb, program, type Running, scratch, simulator } from "./program.ts"

const rate = 3_000
/** Feeds of `bots/feeds.ts`. */
const tasks = 5
const baseline = "of the bot's own executable, with the image's settings"

export const bench: Bench = {
  name: "memory",
  async run({ isQuick }) {
    const { folder, close } = scratch()
    const [warmUpSec, seconds] = isQuick ? [3, 5] : [120, 30]
    const [plain, model] = [await built("full", folder), await built("full-model", folder)]
    const exchange = await simulator(rate)
    const bots = [plain, model].map((file) => start(file, exchange.url, folder))
    try {
      await Promise.all(bots.map(untilFull))
      await Bun.sleep(warmUpSec * 1_000)
      const samples: number[][] = bots.map(() => [])
      for (let second = 0; second < seconds * 2; second++) {
        for (const [at, { pid }] of bots.entries()) samples[at]?.push(memoryMb(pid).now)
        await Bun.sleep(500)
      }
      const [steadyPlain = 0, steadyModel = 0] = samples.map(median)
      const [peakPlain = 0, peakModel = 0] = bots.map(({ pid }) => memoryMb(pid).peak)
      return [
        row("resident memory, rings full, without a model", steadyPlain, 70),
        row("  its peak", peakPlain, 220),
        row("resident memory, rings full, with an ONNX model", steadyModel, 150),
        row("  its peak", peakModel, 220),
      ]
    } finally {
      await Promise.all([...bots, exchange].map((running) => running.stop()))
      close()
    }
  },
}

const row = (name: string, value: number, budget: number): Row => valueRow(name, "MB", value, baseline, budget)

function start(file: string, exchange: string, folder: string): Running {
  const port = freePort()
  const words = ["--live", "--endpoint", exchange, "--http-port", String(port), "--log", "error"]
  return program([file, ...words], port, folder)
}

/** Of the 16 MB that all rings together may hold; a ring may hold 4 MB. */
const waitingBytesMin = 15 * 2 ** 20
/** So many have come by each task: every ring has had its share. */
const eventsMin = 10_000

async function untilFull({ url }: Running): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    await Bun.sleep(500)
    const counts = await eventsByTask(url)
    if (counts.length < tasks || counts.some((count) => count < eventsMin)) continue
    if ((await waitingBytes(url)) >= waitingBytesMin) return
  }
  throw new Error("the rings did not fill within a minute")
}

async function waitingBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^perigee_waiting_bytes (\d+)/m.exec(text)?.[1])
}

async function eventsByTask(url: string): Promise<number[]> {
  try {
    const text = await (await fetch(`${url}/metrics`)).text()
    const lines = text.matchAll(/^perigee_events_total\{callback="on(?:Trade|Lob)"[^}]*\} (\d+)/gm)
    return Array.from(lines, ([, count]) => Number(count))
  } catch {
    // Not up yet.
    return []
  }
}
