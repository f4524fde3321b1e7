import { marketNames } from "../../exchanges/index.ts"
import { machine as thisMachine } from "../../world/machine.ts"
import { build } from "./build-command.ts"
import { demo } from "./demo.ts"
import { main } from "./main.ts"
import { controls, settle } from "./remote.ts"
import { remoteDeps } from "./remote-deps.ts"
import { run } from "./run.ts"
import { sim } from "./sim.ts"
import { status } from "./status.ts"
import { VERSION } from "./version.ts"

/** The whole command line. Ends the process with a status that means something. */
export async function perigee(): Promise<void> {
  const machine = thisMachine()
  const remote = remoteDeps(machine)
  const commands = [
    demo(machine, VERSION),
    run(machine, VERSION),
    build(machine, VERSION),
    sim(machine),
    status(remote),
    ...controls(remote),
    settle(remote),
  ]
  const contents = { version: VERSION, markets: marketNames(), models: ["onnx", "zmq"] }
  machine.exit(await main(commands, () => contents, machine.args, machine))
}
