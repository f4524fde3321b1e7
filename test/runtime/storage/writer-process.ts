// A process that commits without end and prints the number of each order once it is promised; started and killed by kill.test.ts.
import { HandClock, fill, open, order } from "./support.ts"

const [file = "", from = "1"] = process.argv.slice(2)
const journal = open(file, { clock: new HandClock(), pid: process.pid })
process.stdout.write(`run ${journal.restored.run}\n`)
for (let count = Number(from); ; count++) {
  journal.commit([{ kind: "order", order: order(count), cause: "submit", at: order(count).createdAt }])
  journal.commit([
    { kind: "order", order: order(count, { state: "filled", filled: "0.003" }), cause: "fill", at: count },
    { kind: "fill", fill: fill(count), at: count },
    { kind: "state", strategy: "s", key: "count", value: String(count) },
  ])
  process.stdout.write(`${count}\n`)
}
