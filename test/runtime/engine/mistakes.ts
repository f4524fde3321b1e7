import { BuildError } from "../../../src/runtime/domain/errors.ts"
import { MARKETS } from "../../../src/runtime/domain/market.ts"
import { build, type Knowledge } from "../../../src/runtime/engine/build.ts"
import type { Bot } from "../../../src/runtime/engine/declaration/bot.ts"
import type { ParamSources } from "../../../src/runtime/engine/declaration/params.ts"

/** Every market there is. */
export const ALL: Knowledge = { markets: MARKETS }

/** What building this bot is refused for; none where it is built. */
export function mistakes(bot: Bot, knowledge = ALL, sources: ParamSources = {}): readonly string[] {
  try {
    build(bot, knowledge, sources)
    return []
  } catch (error) {
    if (error instanceof BuildError) return error.mistakes
    throw error
  }
}
