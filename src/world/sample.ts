import sample, { onService } from "../strategies/momentum.ts"
import { modelPath, servicePaths } from "#sample-model"
import type { Bot } from "../runtime/engine/declaration/bot.ts"

/** The sample bot, with its model inside this program. */
export const sampleBot: Bot = sample as unknown as Bot
export const sampleModel = (): string => modelPath

/** The sample bot, its model asked at this endpoint. */
export const sampleBotOn = (endpoint: string): Bot => onService(endpoint) as unknown as Bot
/** The files of that model's service by the path they must have from one another; the first is to be started. */
export const sampleService = (): Readonly<Record<string, string>> => servicePaths
