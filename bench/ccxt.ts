// CPU a trade frame costs, from the socket to the handler, against ccxt Pro on the same frames. ccxt runs on Node, where it
// is at home, from its own package in `bench/ccxt`.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { type Bench, cpuUs, medians, ratioRow, skipped } from "./measure.ts"
import { openPeer, type Peer } from "./peer.ts"
import { counted, listener, newProbe, openBot } from "./rig.ts"

const folder = join(import.meta.dir, "ccxt")
const name = "trade frame, CPU per message, against ccxt Pro"
const budget = 0.08

export const bench: Bench = {
  name: "ccxt",
  processes: 3,
  async run({ isQuick }) {
    const node = Bun.which("node")
    if (node === null) return [skipped(name, "there is no node to run ccxt on", budget)]
    if (!isInstalled()) return [skipped(name, "`npm ci` in bench/ccxt did not succeed", budget)]
    const count = isQuick ? 20_000 : 200_000
    const [ourPeer, theirPeer] = [await openPeer(), await openPeer()]
    const probe = newProbe()
    const { close } = await openBot(listener(probe), ourPeer)
    const theirs = await openCcxt(node, theirPeer, count)
    try {
      const ours = async (): Promise<number> => {
        const before = cpuUs()
        await Promise.all([ourPeer.blast("venue", count), counted(probe, count)])
        return ((cpuUs() - before) * 1_000) / count
      }
      // Both engines go on compiling for some hundred thousand frames.
      const [value = 0, base = 0] = await medians(5, 4, [ours, theirs.measure])
      return [ratioRow(name, "ns", value, base, "ccxt Pro on Node", budget)]
    } finally {
      theirs.close()
      await close()
      ourPeer.close()
      theirPeer.close()
    }
  },
}

/** ccxt is no dependency of the project: its own package is installed when it is first wanted. */
function isInstalled(): boolean {
  if (existsSync(join(folder, "node_modules/ccxt"))) return true
  const npm = Bun.which("npm")
  if (npm === null) return false
  return Bun.spawnSync([npm, "ci", "--ignore-scripts"], { cwd: folder, timeout: 90_000 }).success
}

async function openCcxt(node: string, peer: Peer, count: number) {
  const words = [node, join(folder, "watch.mjs"), peer.rest, peer.sockets, String(count)]
  const child = Bun.spawn(words, { stdio: ["pipe", "pipe", "inherit"] })
  const lines = linesOf(child.stdout)
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error("ccxt ended")
    return value
  }
  await next()
  return {
    async measure(): Promise<number> {
      void child.stdin.write("\n")
      await child.stdin.flush()
      await next()
      const [, line] = await Promise.all([peer.blast("venue", count), next()])
      return (JSON.parse(line) as { nsPerFrame: number }).nsPerFrame
    },
    close: () => child.kill(),
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let text = ""
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true })
    const parts = text.split("\n")
    text = parts.pop() ?? ""
    yield* parts
  }
  return undefined
}
