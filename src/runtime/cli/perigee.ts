import { type Machine, machine as thisMachine } from "../../world/entrance.ts"
import { build } from "./build-command.ts"
import type { Command } from "./command.ts"
import { demo } from "./demo.ts"
import { main } from "./main.ts"
import { controls, settle } from "./remote.ts"
import { remoteDeps } from "./remote-deps.ts"
import { replay } from "./replay.ts"
import { run } from "./run.ts"
import { sim } from "./sim.ts"
import { status } from "./status.ts"
import { VERSION } from "./version.ts"

/** Every command of the program, on this machine. What a command stands on is loaded when it runs. */
export function everyCommand(machine: Machine): readonly Command[] {
  const remote = remoteDeps(machine)
  return [
    demo(machine, VERSION),
    run(machine, VERSION),
    replay(machine),
    build(machine, VERSION),
    sim(machine),
    status(remote),
    ...controls(remote),
    settle(remote),
  ]
}

/** The whole command line. Ends the process with a status that means something. */
export async function perigee(): Promise<void> {
  const machine = thisMachine()
  machine.exit(await main(everyCommand(machine), contents, machine.args, machine))
}

async function contents(): Promise<Readonly<Record<string, unknown>>> {
  const { marketNames } = await import("../../exchanges/index.ts")
  return { version: VERSION, markets: marketNames(), models: ["onnx", "zmq"] }
}
