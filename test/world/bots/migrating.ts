// Counts in its state; of what version that is, and how an older one is read, the environment says.
import { bot, schedule } from "perigee"

type Kept = Readonly<Record<string, never>>

const WAYS: Readonly<Record<string, (from: number, old: Kept) => Kept>> = {
  spin() {
    for (;;);
  },
  throw() {
    throw new Error("not written yet")
  },
  "answer a promise": (async (_: number, old: Kept) => old) as never,
  "answer NaN": () => ({ seen: 1, bad: NaN }) as never,
  keep: (_, old) => old,
}

export default bot({ name: "migrating" })
  .task(schedule({ everyMs: 50 }))
  .strategy(
    {
      name: "counter",
      onSchedule(_, ctx) {
        ctx.log.info("kept", Object.fromEntries(ctx.state.keys().map((key) => [key, ctx.state.get(key)])))
        ctx.state.set("seen", ctx.state.get("seen", 0) + 1)
      },
    },
    {
      state: {
        version: Number(process.env["STATE_VERSION"] ?? 1),
        migrate: WAYS[process.env["STATE_WAY"] ?? "keep"]!,
      },
    },
  )
