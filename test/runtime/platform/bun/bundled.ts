import * as files from "node:fs"
import { bundleOf } from "../../../../src/runtime/platform/bun/bundle.ts"
import { trimFrom } from "../../../../src/runtime/platform/bun/trim.ts"

const bundle = bundleOf(files)

const residentKb = (): number => {
  const maps = files.readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const map = maps.find((one) => {
    const [from = "0", to = "0"] = one.slice(0, one.indexOf(" ")).split("-")
    return bundle !== undefined && BigInt(`0x${from}`) <= bundle.from && bundle.from < BigInt(`0x${to}`)
  })
  return Number(/^Rss: +(\d+)/m.exec(map ?? "")?.[1])
}

/** Prints how much of the program's bundle is in memory before and after a trim, KB, and whether its text there reads the same. */
export async function report(ballast: string): Promise<never> {
  const sum = (): number => {
    let total = 0
    for (let at = 0; at < ballast.length; at++) total += ballast.charCodeAt(at)
    return total
  }
  const first = sum()
  const text = `import { dlopen } from "bun:ffi"\n${trimFrom(300)}`
  const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), { type: "module" })
  worker.addEventListener("error", ({ message }) => console.error(message))
  await Bun.sleep(150)
  const before = residentKb()
  await Bun.sleep(350)
  const after = residentKb()
  const found = { kb: Number(bundle?.bytes) / 1_024, isClean: bundle?.isClean() }
  console.log(JSON.stringify({ ...found, before, after, isSame: sum() === first }))
  process.exit()
}
