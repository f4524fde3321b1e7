// `npm run bench`: every budget of the design against its baseline. Each file's measurements run in a process of their own,
// so that what one compiled or collected does not burden the next. A whole run ends with status 1 where a budget is missed or
// could not be measured; a quick one is too rough for that.
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
import { type Bench, isOpen, type Row, skipped } from "./measure.ts"
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
      },
    })
  } catch (error) {
    const names = BENCHES.map(({ name }) => name).join("|")
    console.error(`${describe(error)}\nusage: npm run bench -- [--only ${names}] [--quick] [--json]`)
    process.exit(2)
  }
}

async function inOwnProcess({ name }: Bench): Promise<Row[]> {
  const words = ["--only", name, "--json", ...(values.quick ? ["--quick"] : [])]
  const child = Bun.spawn([process.execPath, import.meta.path, ...words], { stdio: ["ignore", "pipe", "inherit"] })
  const [text, status] = await Promise.all([new Response(child.stdout).text(), child.exited])
  if (status === 0) return JSON.parse(text.trimEnd().split("\n").at(-1) ?? "[]") as Row[]
  hasFailed = true
  return [skipped(name, `it ended with status ${status}; what it said is above`)]
}

const chosen = BENCHES.filter(({ name }) => values.only === undefined || name === values.only)
if (chosen.length === 0) {
  console.error(`there is no bench "${values.only}"; there is ${BENCHES.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}

for (const bench of chosen) {
  const found = values.only === undefined ? await inOwnProcess(bench) : await bench.run({ isQuick: values.quick })
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
