import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs"
import { dirname, isAbsolute, join, normalize, relative, sep } from "node:path"
import { BuildError, describe } from "../../domain/errors.ts"

/** Name of the embedded folder, and inside it the one that stands for the bot file's own. */
export const FOLDER = "files"

/**
 * Copies a bot's model files into `folder`, laid out so that each is found by the same relative path as from the bot file, and
 * gives the path, below `folder`, that stands for the bot file's folder. Throws BuildError naming every file that is missing.
 */
export function stage(bot: string, botFile: string, files: readonly string[], folder: string): string {
  const wanted = files.flatMap((file) => [file, ...named(botFile, file)])
  const mistakes = wanted.flatMap((file) => mistake(botFile, file))
  if (mistakes.length > 0) throw new BuildError(bot, mistakes)
  // Deep enough that `../` in a declared path stays inside the embedded folder.
  const depth = Math.max(
    0,
    ...wanted.map(
      (file) =>
        normalize(file)
          .split(sep)
          .filter((step) => step === "..").length,
    ),
  )
  const base = join(FOLDER, ...Array.from({ length: depth }, (_, step) => `up${step}`))
  mkdirSync(join(folder, base), { recursive: true })
  for (const file of wanted) {
    const target = join(folder, base, file)
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(join(dirname(botFile), file), target)
  }
  return base
}

function mistake(botFile: string, file: string): string[] {
  if (isAbsolute(file))
    return [`model file ${file}: an absolute path means nothing inside a binary; name it relative to the bot file`]
  const path = join(dirname(botFile), file)
  return existsSync(path) ? [] : [`model file ${file}: there is no ${path}`]
}

// A JSON file beside a model says which model it is for; that one must come along.
function named(botFile: string, file: string): string[] {
  const path = join(dirname(botFile), file)
  if (file.toLowerCase().endsWith(".onnx") || !existsSync(path)) return []
  const model = modelPath(path)
  return model === undefined ? [] : [isAbsolute(model) ? model : relative(dirname(botFile), join(dirname(path), model))]
}

function modelPath(path: string): string | undefined {
  try {
    const config = JSON.parse(readFileSync(path, "utf8")) as { model_path?: unknown } | null
    return typeof config?.model_path === "string" ? config.model_path : undefined
  } catch (error) {
    throw new BuildError(path, [`model config ${path} is not JSON: ${describe(error)}`])
  }
}
