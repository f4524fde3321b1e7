import { ConfigError, NetworkError } from "../domain/errors.ts"
import type { Clock, Http, HttpCall, HttpReply, Listener, Listening, ListenOptions, Random, Sockets } from "../ports.ts"
import { VirtualConnection } from "./connection.ts"
import { type Faults, Weather } from "./faults.ts"

/** Sockets, HTTP and listeners that reach one another in memory, on a virtual clock. */
export interface VirtualNetwork {
  readonly sockets: Sockets
  readonly http: Http
  readonly listener: Listener
  /** What goes wrong from now on. */
  setFaults(faults: Faults): void
  /** Ends every open WebSocket without a word; tells how many. */
  cutAll(): number
  /** The process at the clients' end has died: what it has sent still arrives. */
  abandonAll(): void
}

export interface NetworkOptions {
  readonly clock: Clock
  readonly random: Random
  readonly faults?: Faults
}

const firstFreePort = 40_000

export function virtualNetwork({ clock, random, faults: initial = {} }: NetworkOptions): VirtualNetwork {
  let faults = initial
  const weather = new Weather(random, () => faults)
  const hosts = new Map<string, ListenOptions>()
  const connections = new Map<VirtualConnection, string>()
  let ids = 0
  let freePort = firstFreePort

  const find = (host: string): ListenOptions | undefined =>
    weather.strikes("refuseRate") ? undefined : hosts.get(host)
  const closeAll = (host: string): void => {
    for (const [connection, at] of connections) if (at === host) connection.leave()
  }
  const listen = (options: ListenOptions): Listening => {
    const port = options.port === 0 ? freePort++ : options.port
    const host = `${options.host}:${port}`
    if (hosts.has(host)) throw new ConfigError(`cannot listen on ${host}: the port is in use; choose another`)
    hosts.set(host, options)
    const close = (): Promise<void> => {
      hosts.delete(host)
      closeAll(host)
      return Promise.resolve()
    }
    return { host: options.host, port, close }
  }
  return {
    listener: { listen: (options) => Promise.try(listen, options) },
    sockets: {
      open(target, handler) {
        const host = hostOf(target.url)
        const connection = new VirtualConnection(++ids, clock, weather, handler, (ended) => connections.delete(ended))
        connections.set(connection, host)
        const found = find(host)
        const sockets = found === undefined ? undefined : (found.sockets ?? noSockets)
        connection.connect(target, sockets, `connect ECONNREFUSED ${host}`)
        return connection
      },
    },
    http: { request: (call, timeoutMs) => request(clock, weather, find(hostOf(call.url)), call, timeoutMs) },
    setFaults: (changed) => void (faults = changed),
    cutAll() {
      const all = [...connections.keys()]
      for (const connection of all) connection.cut()
      return all.length
    },
    abandonAll() {
      for (const connection of connections.keys()) connection.abandon()
    },
  }
}

const BAD_RECORD = "failed: bad record mac"

const noSockets = { open: () => ({ status: 426, body: "" }), text() {}, alive() {}, closed() {} }

const hostOf = (url: string): string => /^[^/]*\/\/([^/?]*)/.exec(url)?.[1] ?? url

function request(
  clock: Clock,
  weather: Weather,
  server: ListenOptions | undefined,
  call: HttpCall,
  timeoutMs: number,
): Promise<HttpReply> {
  const where = `${call.method} ${call.url.split("?", 1)[0]}`
  return new Promise((resolve, reject) => {
    const fail = (message: string, wasSent: boolean, cause?: unknown): void => {
      deadline.cancel()
      reject(new NetworkError(`${where} ${message}`, { wasSent, cause }))
    }
    const deadline = clock.timer(timeoutMs, () => fail(`had no answer within ${timeoutMs} ms`, true))
    const answer = async (options: ListenOptions): Promise<void> => {
      const reply = await read(await options.request(toRequest(call), { isLoopback: true }))
      if (weather.strikes("lostReplyRate")) return
      const isCorrupt = weather.strikes("corruptRate")
      const body = reply.body !== "" && weather.strikes("garbleRate") ? weather.garbled(reply.body) : reply.body
      clock.timer(weather.latencyMs(), () => {
        if (isCorrupt) return fail(BAD_RECORD, true)
        deadline.cancel()
        resolve({ ...reply, body })
      })
    }
    const isLost = weather.strikes("lostRequestRate")
    const isCorrupt = weather.strikes("corruptRate")
    const lateMs = weather.strikes("lateRequestRate") ? weather.lateMs() : 0
    clock.timer(weather.latencyMs() + lateMs, () => {
      if (server === undefined) fail("failed: connect ECONNREFUSED", false)
      else if (isCorrupt) fail(BAD_RECORD, true)
      else if (!isLost) answer(server).catch((error: unknown) => fail("failed", true, error))
    })
  })
}

const toRequest = ({ method, url, headers, body }: HttpCall): Request =>
  new Request(url, { method, headers: { ...headers }, ...(body === undefined ? {} : { body }) })

async function read(response: Response): Promise<HttpReply> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}
