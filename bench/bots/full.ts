// A bot whose rings are full: one strategy keeps up, the other does not.
import { bot } from "perigee"
import { feeds, INST, laggard, patience } from "./feeds.ts"

let seen = 0

export default bot({ name: "full" })
  .tasks(feeds)
  .strategy({
    name: "prompt",
    onTrade: ({ data }) => void (seen += data.size),
    onLob(_, ctx) {
      const view = ctx.book(INST)
      if (view.state === "live") seen += view.best()?.bidPrice ?? 0
    },
  })
  .strategy(laggard, patience)
