import type { IncomingMessage, ServerResponse } from "node:http"

const bodyBytesMax = 16 * 1024 * 1024

/** The request as the web's own type; its signal tells that the caller has gone. */
export async function requestOf(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Request> {
  const method = incoming.method ?? "GET"
  const left = new AbortController()
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) left.abort()
  })
  const body = method === "GET" || method === "HEAD" ? undefined : await collect(incoming)
  return new Request(`http://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`, {
    method,
    headers: pairs(incoming.rawHeaders),
    signal: left.signal,
    ...(body === undefined ? {} : { body }),
  })
}

async function collect(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new RangeError(`the request's body has more than ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function pairs(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) found.push([raw[at]!, raw[at + 1]!])
  return found
}

/** Writes the answer, at the pace at which the caller takes it. Rejects where the caller goes away meanwhile. */
export async function respond(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  const gone = () => void reader.cancel().catch(() => undefined)
  outgoing.once("close", gone)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!outgoing.write(value)) await drained(outgoing)
  }
  outgoing.off("close", gone)
  outgoing.end()
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      outgoing.off("drain", go)
      outgoing.off("close", go)
      resolve()
    }
    outgoing.once("drain", go)
    outgoing.once("close", go)
  })
}
