// From the start of an executable to its first answer over HTTP, against a bare compiled program with Hono and SQLite; and, with
// no budget, until it is ready to trade.
import { join } from "node:path"
import { type Bench, median, ratioRow, turns, valueRow } from "./measure.ts"
import { built, finished, freePort, program, root, scratch, simulator } from "./program.ts"

const baseline = "a bare compiled Hono + better-sqlite3"

export const bench: Bench = {
  name: "start",
  async run({ isQuick }) {
    const { folder, close } = scratch()
    // A little goes on there: a book is believed once the first change has joined its image.
    const exchange = await simulator(20)
    try {
      const perigee = join(root, "dist/perigee")
      // What lies there may be of another day.
      await finished([process.execPath, "scripts/build.ts"])
      const bot = await built("full", folder)
      const bare = await bareProgram(folder)
      // Made by the run that warms up: from then on each start is a restart, as in a container.
      const database = (name: string): string => join(folder, `${name}.db`)
      const live = ["--live", "--endpoint", exchange.url, "--log", "error"]
      const ofBot = (port: number): string[] => [bot, ...live, "--http-port", String(port), "--db", database("bot")]
      const ofDemo = (port: number): string[] => {
        const words = ["demo", "--json", "--endpoint", exchange.url, "--http-port", String(port)]
        return [perigee, ...words, "--db", database("demo")]
      }
      const ofBare = (port: number): string[] => [bare, String(port), database("bare")]
      const until = (words: (port: number) => string[], path: string) => () => untilOk(words, path, folder)
      const rounds = isQuick ? 5 : 11
      const answers = [ofBot, ofDemo, ofBare].map((words) => until(words, "/health"))
      const [own = 0, demo = 0, base = 0] = (await turns(rounds, 1, answers)).map(median)
      const ready = [ofBot, ofDemo].map((words) => until(words, "/ready"))
      const [ownReady = 0, demoReady = 0] = (await turns(5, 1, ready)).map(median)
      const whole = "until /ready answers 200: feeds, books and, in the demo, orders and the model"
      return [
        ratioRow("a bot's own binary: start to HTTP answering", "ms", own, base, baseline, 1.5),
        ratioRow("dist/perigee demo: start to HTTP answering", "ms", demo, base, baseline, 1.5),
        valueRow("  a bot's own binary: start to ready", "ms", ownReady, whole),
        valueRow("  dist/perigee demo: start to ready", "ms", demoReady, whole),
      ]
    } finally {
      await exchange.stop()
      close()
    }
  },
}

/** How long until it answers that it is so, ms. */
async function untilOk(words: (port: number) => string[], path: string, folder: string): Promise<number> {
  const port = freePort()
  const startedAt = performance.now()
  const running = program(words(port), port, folder)
  try {
    while (!(await isOk(running.url + path))) {
      if (performance.now() - startedAt > 20_000) throw new Error(`no answer at ${path} within 20 s`)
      await Bun.sleep(1)
    }
    return performance.now() - startedAt
  } finally {
    await running.stop()
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

/** Compiled as the product compiles. */
async function bareProgram(folder: string): Promise<string> {
  const outfile = join(folder, "bare")
  await Bun.build({
    entrypoints: [join(import.meta.dir, "bare/start.ts")],
    target: "bun",
    minify: { whitespace: true, syntax: true },
    bytecode: true,
    format: "esm",
    throw: true,
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
    plugins: [
      {
        name: "addon",
        setup(build) {
          const addon = join(root, `node_modules/better-sqlite3/lib/${process.platform}-${process.arch}.js`)
          build.onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: addon }))
        },
      },
    ],
  })
  return outfile
}
