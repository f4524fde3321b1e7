// Two strategies on one tick: one throws, rejects and returns all that no handler should; the other says when that is done.
import { bot, schedule } from "perigee"
import { WILD_HANDLERS } from "../../runtime/awkward.ts"

let turn = 0

export default bot({ name: "moods" })
  .task(schedule({ everyMs: 5 }))
  .strategy({ onSchedule: () => WILD_HANDLERS[turn++ % WILD_HANDLERS.length]!.handle() }, { name: "wild" })
  .strategy({ onSchedule: (_, ctx) => void (turn > WILD_HANDLERS.length && ctx.log.info("through")) }, { name: "good" })
