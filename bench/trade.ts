// CPU from a trade's frame to its handler: the whole path (socket, connection, hub, adapter, delivery, strategy) against a
// bare loop on the same socket library: `JSON.parse`, one object, one call. The frames come in bursts from another process.
import { WebSocket } from "ws"
import { counted, INST, listener, newProbe, openBot, type Probe } from "./rig.ts"
import { type Bench, cpuUs, medians, ratioRow } from "./measure.ts"
import { openPeer, type Peer, type Side } from "./peer.ts"

export const bench: Bench = {
  name: "trade",
  processes: 3,
  async run({ isQuick }) {
    const count = isQuick ? 50_000 : 200_000
    const peer = await openPeer()
    const ours = newProbe()
    const bare = newProbe()
    const { close } = await openBot(listener(ours), peer)
    const loop = await bareLoop(peer, bare)
    try {
      const measure = (side: Side, probe: Probe) => () => cpuPerFrame(peer, side, probe, count)
      const [value = 0, base = 0] = await medians(isQuick ? 5 : 7, 2, [measure("venue", ours), measure("bare", bare)])
      const baseline = "bare loop: ws, JSON.parse, one object, one call"
      return [ratioRow("trade frame to handler, CPU per message", "ns", value, base, baseline, 0.9)]
    } finally {
      loop.terminate()
      await close()
      peer.close()
    }
  },
}

async function cpuPerFrame(peer: Peer, side: Side, probe: Probe, count: number): Promise<number> {
  const done = counted(probe, count)
  const before = cpuUs()
  await Promise.all([peer.blast(side, count), done])
  return ((cpuUs() - before) * 1_000) / count
}

async function bareLoop(peer: Peer, probe: Probe): Promise<WebSocket> {
  const client = new WebSocket(`${peer.sockets}/bare/feed`, { perMessageDeflate: false })
  const onTrade = (trade: { readonly price: number }): void => {
    probe.price = trade.price
    if (--probe.left === 0) probe.done()
  }
  client.on("message", (data) => {
    const { data: raw } = JSON.parse((data as Buffer).toString()) as {
      data: { p: string; q: string; t: number; T: number; m: boolean }
    }
    onTrade({
      inst: INST,
      price: Number(raw.p),
      size: Number(raw.q),
      side: raw.m ? "SELL" : "BUY",
      tradeId: raw.t,
      timestamp: raw.T,
      receivedAt: Date.now(),
    } as { readonly price: number })
  })
  await new Promise((resolve) => client.once("open", resolve))
  return client
}
