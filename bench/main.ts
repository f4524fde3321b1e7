// `npm run bench`: every budget of the design against its baseline. Each file's measurements run in processes of their own,
// so that what one compiled or collected does not burden the next; where there are several, a row is that of the middle one. A
// whole run ends with status 1 where a budget is missed or could not be measured; a quick one is too rough for that.
import { parseArgs } from "node:util"
import { bench as book } from "./book.ts"
import { bench as ccxt } from "./ccxt.ts"
import { bench as decode } from "./decode.ts"
import { bench as depth } from "./depth.ts"
import { bench as fanout } from "./fanout.ts"
import { bench as memory } from "./memory.ts"
import { bench as model } from "./model.ts"
import { bench as order } from "./order.ts"
import { bench as start } from "./start.ts"
import { bench as trade } from "./trade.ts"
import { bench as zmq } from "./zmq.ts"
import { type Bench, isOpen, middleRows, type Row, skipped } from "./measure.ts"
import { line } from "./table.ts"
import { describe } from "../src/runtime/domain/errors.ts"

const BENCHES: readonly Bench[] = [trade, depth, decode, book, fanout, order, model, zmq, memory, start, ccxt]

let hasFailed = false
const rows: Row[] = []
const { values } = asked()

function asked() {
  try {
    return parseArgs({
      options: {
        json: { type: "boolean", default: false },
        only: { type: "string" },
        quick: { type: "boolean", default: false },
        // In this very process, once: how a run starts its parts.
        here: { type: "boolean", default: false },
      },
    })
  } catch (error) {
    const names = BENCHES.map(({ name }) => name).join("|")
    console.error(`${describe(error)}\nusage: npm run bench -- [--only ${names}] [--quick] [--json]`)
    process.exit(2)
  }
}

async function inOwnProcesses({ name, processes = 1 }: Bench): Promise<Row[]> {
  const words = ["--here", "--only", name, "--json", ...(values.quick ? ["--quick"] : [])]
  const runs: Row[][] = []
  for (let run = 0; run < (values.quick ? 1 : processes); run++) {
    const child = Bun.spawn([process.execPath, import.meta.path, ...words], { stdio: ["ignore", "pipe", "inherit"] })
    const [text, status] = await Promise.all([new Response(child.stdout).text(), child.exited])
    if (status !== 0) {
      hasFailed = true
      return [skipped(name, `it ended with status ${status}; what it said is above`)]
    }
    runs.push(JSON.parse(text.trimEnd().split("\n").at(-1) ?? "[]") as Row[])
  }
  return middleRows(runs)
}

const chosen = BENCHES.filter(({ name }) => values.only === undefined || name === values.only)
if (chosen.length === 0) {
  console.error(`there is no bench "${values.only}"; there is ${BENCHES.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}

for (const bench of chosen) {
  const found = values.here ? await bench.run({ isQuick: values.quick }) : await inOwnProcesses(bench)
  for (const row of found) console.log(line(row))
  rows.push(...found)
}
if (values.json) console.log(JSON.stringify(rows))
// One part of a whole run has measured all the same: the whole tells by its rows.
const isWhole = values.only === undefined && !values.quick
const missed = isWhole ? rows.filter(({ held }) => held === false) : []
const open = isWhole ? rows.filter(isOpen) : []
for (const [what, which] of [
  ["missed", missed],
  ["not measured as its budget asks", open],
] as const) {
  if (which.length > 0) console.error(`${what}: ${which.map(({ name }) => name.trim()).join("; ")}`)
}
// Some leave a socket or a worker open.
process.exit(hasFailed || missed.length > 0 || open.length > 0 ? 1 : 0)
