import { type Context, Hono } from "hono"
import { bodyLimit } from "hono/body-limit"
import { describe } from "../domain/errors.ts"
import { mask, maskData } from "../domain/redaction.ts"
import { type Level, refusal } from "./access.ts"
import type { Control, ControlResult, EndpointDeps } from "./deps.ts"
import { page, PAGE_POLICY } from "./page.ts"
import { METRICS_TYPE, render } from "./prometheus.ts"
import { EventStream, type StreamOptions } from "./stream.ts"

export interface Endpoint {
  readonly fetch: (request: Request, remote: { readonly isLoopback: boolean }) => Response | Promise<Response>
  /** Clients of `/events` now, and how many were dropped because they read too slowly. */
  readonly events: { readonly size: number; readonly dropped: number }
  /** Ends the event streams; the server itself is the listener's. */
  close(): void
}

interface Bindings {
  Bindings: { isLoopback: boolean }
}
type Asked = Context<Bindings>

interface Route {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly level: Level
  answer(asked: Asked): Response | Promise<Response>
}

const BODY_BYTES_MAX = 4096

/** A running bot's HTTP side as a function from request to response; no server in it. What is open to whom stands in access.ts. */
export function endpoint(deps: EndpointDeps, options: { readonly events?: Partial<StreamOptions> } = {}): Endpoint {
  const secrets = [...(deps.secrets ?? []), ...(deps.token === undefined ? [] : [deps.token])]
  const events = new EventStream(deps, secrets, options.events)
  const routes = [...reading(deps, events, secrets), ...controlling(deps.control, secrets)]
  const app = new Hono<Bindings>()
  app.use((asked, next) => next().then(() => harden(asked)))
  app.use(
    bodyLimit({ maxSize: BODY_BYTES_MAX, onError: (asked) => asked.json({ error: "the body is too large" }, 413) }),
  )
  for (const route of routes) app.on(route.method, route.path, guarded(route, deps.token))
  for (const route of routes) app.all(route.path, (asked) => wrongMethod(asked, route))
  app.notFound((asked) => asked.json({ error: `there is no ${asked.req.path}` }, 404))
  app.onError((error, asked) => asked.json({ error: mask(describe(error), secrets) }, 500))
  return {
    fetch: (request, { isLoopback }) => app.fetch(request, { isLoopback }),
    events,
    close: () => events.close(),
  }
}

function reading(deps: EndpointDeps, events: EventStream, secrets: readonly string[]): Route[] {
  const json = (value: unknown, status = 200): Response => Response.json(maskData(value, secrets), { status })
  return [
    {
      method: "GET",
      path: "/health",
      level: "open",
      answer() {
        const { uptimeMs, loopLagMs } = deps.health()
        return json({ ok: true, uptimeMs, loopLagMs })
      },
    },
    {
      method: "GET",
      path: "/ready",
      level: "open",
      answer() {
        const { mode, reasons, skipped } = deps.ready()
        const isReady = reasons.length === 0
        return json({ ready: isReady, mode, reasons, skipped }, isReady ? 200 : 503)
      },
    },
    { method: "GET", path: "/state", level: "told", answer: () => json(deps.state()) },
    {
      method: "GET",
      path: "/metrics",
      level: "told",
      answer: () => new Response(mask(render(deps.metrics()), secrets), { headers: { "content-type": METRICS_TYPE } }),
    },
    { method: "GET", path: "/events", level: "told", answer: (asked) => stream(asked, events) },
    {
      method: "GET",
      path: "/",
      level: "told",
      answer: () =>
        new Response(page, {
          headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": PAGE_POLICY },
        }),
    },
  ]
}

function stream(asked: Asked, events: EventStream): Response {
  // HEAD wants to know the type only; a stream opened for it would never be read.
  const body = asked.req.method === "HEAD" ? null : events.open(asked.req.raw.signal)
  if (body === undefined) return asked.json({ error: "too many clients listen already" }, 503)
  return new Response(body, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } })
}

function controlling(control: Control, secrets: readonly string[]): Route[] {
  const commands: Record<string, (asked: Asked) => Promise<ControlResult>> = {
    pause: async (asked) => control.pause((await fieldOf(asked, "why")) ?? "asked for over the endpoint"),
    resume: () => control.resume(),
    "cancel-all": () => control.cancelAll(),
    flatten: () => control.flatten(),
    settle: async (asked) => {
      const clientId = await fieldOf(asked, "clientId")
      if (clientId !== undefined) return control.settle(clientId)
      return { isDone: false, message: 'say which order: {"clientId": "…"}' }
    },
    stop: () => control.stop(),
  }
  return Object.entries(commands).flatMap(([name, run]) =>
    [`/control/${name}`, `/${name}`].map((path) => ({
      method: "POST" as const,
      path,
      level: "control" as const,
      async answer(asked: Asked) {
        const { isDone, message, details } = await run(asked)
        return Response.json(maskData({ done: isDone, message, ...details }, secrets), { status: isDone ? 200 : 409 })
      },
    })),
  )
}

/** A text field of the JSON body; undefined where there is none. */
async function fieldOf(asked: Asked, name: string): Promise<string | undefined> {
  const text = await asked.req.text()
  if (text.trim() === "") return undefined
  try {
    const value = (JSON.parse(text) as Readonly<Record<string, unknown>> | null)?.[name]
    return typeof value === "string" && value !== "" ? value : undefined
  } catch {
    return undefined
  }
}

function guarded(route: Route, token: string | undefined): (asked: Asked) => Response | Promise<Response> {
  return (asked) => {
    const refused = refusal(asked.req.raw, asked.env.isLoopback, route.level, token)
    if (refused === undefined) return route.answer(asked)
    const headers = refused.status === 401 ? { "www-authenticate": 'Bearer realm="perigee"' } : {}
    return Response.json({ error: refused.error }, { status: refused.status, headers })
  }
}

function wrongMethod(asked: Asked, route: Route): Response {
  const allow = route.method === "GET" ? "GET, HEAD" : "POST"
  return asked.json({ error: `${asked.req.path} takes ${allow}, not ${asked.req.method}` }, 405, { allow })
}

function harden(asked: Asked): void {
  asked.header("cache-control", "no-store")
  asked.header("x-content-type-options", "nosniff")
  asked.header("referrer-policy", "no-referrer")
}
