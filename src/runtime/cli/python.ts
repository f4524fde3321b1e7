import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Child, Machine } from "../../world/entrance.ts"
import { sampleService } from "../../world/sample.ts"
import { ConfigError } from "../domain/errors.ts"

/** A model service that runs as long as this process, or until it is stopped. */
export interface Service {
  readonly endpoint: string
  stop(): void
}

const PYTHON = "PERIGEE_PYTHON"
const NEEDS = "Python 3.9 or later with pyzmq, msgpack and numpy"

// Says in its first line what it lacks; else runs the program named by its first argument, which then says where it serves. Its keys, if
// the environment holds any, are not the demo's.
const BOOT = `
import os, sys
wanted = (("zmq", "pyzmq"), ("msgpack", "msgpack"), ("numpy", "numpy"))
def lacks(name):
    try:
        __import__(name)
    except ImportError:
        return True
    return False
missing = [package for name, package in wanted if lacks(name)]
if sys.version_info < (3, 9):
    print("old %d.%d" % sys.version_info[:2])
elif missing:
    print("missing " + " ".join(missing))
else:
    import runpy
    for end in ("", "_FILE"):
        os.environ.pop("PERIGEE_ZMQ_SERVER_SECRET_KEY" + end, None)
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
`

/**
 * The sample bot's model as a Python service on a free port of this machine, once it serves. Throws ConfigError naming what to install where
 * there is no Python that can run it.
 */
export async function startService(machine: Machine): Promise<Service> {
  const given = machine.env(PYTHON)
  const folder = mkdtempSync(join(tmpdir(), "perigee-service-"))
  try {
    const program = unpack(folder)
    let problem: string | undefined
    for (const python of given === undefined || given === "" ? ["python3", "python"] : [given]) {
      const child = machine.spawn([python, "-c", BOOT, program, "0"], `the model service on ${python}`)
      const said = await firstWords(child)
      if (said?.startsWith("serving ") === true) return { endpoint: said.split(" ").at(-1)!, stop: () => child.stop() }
      child.stop()
      problem ??= lack(python, said)
    }
    problem ??= `there is no ${given === undefined || given === "" ? "python3" : given}: install ${NEEDS}`
    throw new ConfigError(`--model zmq starts a service in Python, and ${problem}, or set ${PYTHON} to an interpreter`)
  } finally {
    // It has read its files by now.
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes the service's files where Python can read them: in a compiled program they lie inside. */
function unpack(folder: string): string {
  const paths = Object.entries(sampleService())
  for (const [name, path] of paths) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, readFileSync(path))
  }
  return join(folder, paths[0]![0])
}

/** Undefined where there is no such program. */
async function firstWords(child: Child): Promise<string | undefined> {
  try {
    return await child.firstLine()
  } catch (error) {
    const { code } = (error as { cause?: { code?: unknown } }).cause ?? {}
    if (code === "ENOENT" || code === "EACCES") return undefined
    throw error
  }
}

function lack(python: string, said: string | undefined): string | undefined {
  if (said === undefined) return undefined
  const [word, ...rest] = said.split(" ")
  if (word === "missing")
    return `${python} has no ${rest.join(", no ")}: run ${python} -m pip install ${rest.join(" ")}`
  return word === "old" ? `${python} is ${rest[0]}: install ${NEEDS}` : `${python} says "${said}": install ${NEEDS}`
}
