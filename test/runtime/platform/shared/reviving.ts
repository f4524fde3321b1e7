// A program for the watchdog's test: its worker comes to an end one way or another, and later the loop stands still.
import { platform } from "#platform"

const mode = process.argv[2]
const workers: Worker[] = []
const broken = URL.createObjectURL(new Blob(["throw new Error('planned death')"], { type: "text/javascript" }))
const Real = globalThis.Worker

class Seen extends Real {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(mode === "stillborn" && workers.length < 3 ? broken : url, options)
    workers.push(this)
  }
}
globalThis.Worker = Seen as typeof Worker

const watchdog = platform.startWatchdog({
  stallMsMax: 400,
  beatMs: 50,
  failed: (why) => console.log(why.replace(/\d{2,} ms$/, "some ms")),
})
const label = watchdog.label("momentum.onTrade")

setTimeout(() => {
  // What it is sent is an object always.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
  if (mode === "throws") (workers[0] as unknown as { postMessage(message: null): void }).postMessage(null)
  if (mode === "ends") workers[0]?.terminate()
}, 300)
setTimeout(() => {
  watchdog.enter(label)
  for (;;);
}, 3_000)
