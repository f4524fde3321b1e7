// A program for the watchdog's test: it beats for a while and then spins in one handler, or sleeps asynchronously.
import { platform } from "#platform"

const watchdog = platform.startWatchdog({ stallMsMax: 400, beatMs: 50, failed: (why) => console.log(`failed: ${why}`) })
const outer = watchdog.label("momentum.onTrade")
const inner = watchdog.label("momentum.onBookState")
const mode = process.argv[2]

setTimeout(() => {
  const before = watchdog.enter(outer)
  const nested = watchdog.enter(inner)
  watchdog.leave(nested)
  if (mode === "spin") for (;;);
  watchdog.leave(before)
  if (mode === "spin-outside") for (;;);
  setTimeout(() => {
    watchdog.stop()
    console.log("done")
  }, 800)
}, 300)
