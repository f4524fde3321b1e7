import sample from "../strategies/momentum.ts"
import { modelPath } from "#sample-model"
import type { Bot } from "../runtime/engine/declaration/bot.ts"

/** The sample bot, with its model inside this program. */
export const sampleBot: Bot = sample as unknown as Bot
export const sampleModel = (): string => modelPath
