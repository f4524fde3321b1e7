import { ConfigError } from "../domain/errors.ts"
import { type Command, EXIT, flag, text } from "./command.ts"
import { ask, baseUrl, type RemoteDeps, WHERE, why } from "./remote.ts"
import { stateText } from "./status-text.ts"

/** `perigee status`: what a running bot says of itself; `--check` is for health checks of containers. */
export const status = (deps: RemoteDeps): Command => ({
  name: "status",
  summary: "a running bot's health, readiness, orders and positions",
  takes: "",
  options: {
    ...WHERE,
    check: { type: "string", value: "WHAT", help: "health or ready: say so by the exit status alone (0 yes, 3 no)" },
  },
  async run(args) {
    const base = baseUrl(args, deps)
    const check = text(args.values, "check")
    if (check !== undefined) {
      if (check !== "health" && check !== "ready") throw new ConfigError(`--check ${check}: expected health or ready`)
      const answer = await ask(deps, base, "GET", `/${check}`)
      if (answer === undefined) return EXIT.unreachable
      if (answer.status === 200) return EXIT.ok
      deps.terminal.err(`not ${check === "ready" ? "ready" : "healthy"}: ${why(answer.body)}\n`)
      return EXIT.notReady
    }
    const ready = await ask(deps, base, "GET", "/ready")
    if (ready === undefined) return EXIT.unreachable
    const state = await ask(deps, base, "GET", "/state")
    if (flag(args.values, "json")) {
      deps.terminal.out(`${JSON.stringify({ url: base, ready: ready.body, state: state?.body ?? null })}\n`)
    } else {
      deps.terminal.out(`${base}: ${ready.status === 200 ? "ready" : `not ready: ${why(ready.body)}`}\n`)
      deps.terminal.out(state?.status === 200 ? stateText(state.body) : `state: ${why(state?.body ?? "no answer")}\n`)
    }
    return ready.status === 200 ? EXIT.ok : EXIT.notReady
  },
})
