import { everyCommand } from "../../src/runtime/cli/perigee.ts"
import { main } from "../../src/runtime/cli/main.ts"
import { machine, type Machine } from "../../src/world/entrance.ts"

export interface Said {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** One command line in this process: for words that end before anything starts. */
export async function say(words: readonly string[], more: Partial<Machine> = {}): Promise<Said> {
  const said = { out: "", err: "" }
  const terminal: Machine = {
    ...machine(),
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    env: () => undefined,
    seal: () => undefined,
    spawnSelf: () => {
      throw new Error("a wrong command line has started a process")
    },
    ...more,
  }
  const status = await main(everyCommand(terminal), () => ({ version: "test" }), words, terminal)
  return { status, ...said }
}

export const commandNames = (): string[] => everyCommand(machine()).map(({ name }) => name)
