import sample from "../strategies/momentum.ts"
import model from "../strategies/models/momentum.onnx" with { type: "file" }
import type { Bot } from "../runtime/engine/declaration/bot.ts"

/** The sample bot, with its model inside this program. */
export const sampleBot: Bot = sample as unknown as Bot
export const sampleModel = (): string => model
