import { expect, test } from "bun:test"
import { endpoint } from "../../../src/runtime/http/endpoint.ts"
import { page } from "../../../src/runtime/http/page.ts"
import { here, image, testBot, TOKEN } from "./support.ts"

/** As much of a document as the page's script touches; it shows what a person would read. */
class Element {
  children: Element[] = []
  dataset: Record<string, string> = {}
  value = ""
  className = ""
  title = ""
  onclick: (() => unknown) | undefined
  onsubmit: unknown
  private own = ""
  set textContent(text: unknown) {
    this.children = []
    this.own = String(text)
  }
  get textContent(): string {
    return this.own + this.children.map((child) => child.textContent).join(" ")
  }
  append(...children: Element[]): void {
    this.children.push(...children)
  }
  prepend(...children: Element[]): void {
    this.children.unshift(...children)
  }
  replaceChildren(...children: Element[]): void {
    this.own = ""
    this.children = children
  }
  setAttribute(): void {}
  get childElementCount(): number {
    return this.children.length
  }
}

/** Runs the page's script against this endpoint until it has nothing to do but wait. */
function browse(fetch: (path: string, init?: RequestInit) => Promise<Response>) {
  const byId = new Map<string, Element>()
  const at = (id: string): Element => byId.get(id) ?? (byId.set(id, new Element()).get(id) as Element)
  const buttons = [...page.matchAll(/data-command="([^"]+)"/g)].map((match) => {
    const button = new Element()
    button.dataset["command"] = match[1] ?? ""
    return button
  })
  const document = {
    title: "",
    getElementById: at,
    createElement: () => new Element(),
    createElementNS: () => new Element(),
    querySelectorAll: () => buttons,
  }
  const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? ""
  const waiting: (() => void)[] = []
  // oxlint-disable-next-line typescript/no-implied-eval -- the page's own script, run as a browser would
  const run = new Function("document", "fetch", "setTimeout", "confirm", script)
  run(
    document,
    fetch,
    (again: () => void) => void waiting.push(again),
    () => true,
  )
  return {
    at,
    document,
    waiting,
    click: (name: string) => buttons.find((one) => one.dataset["command"] === name)?.onclick?.(),
  }
}

const settled = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

test("the page shows prices, the book's top, position, PnL, orders, latency and events, and its buttons send the token typed in", async () => {
  const bot = testBot({
    state: () => ({
      ...image,
      orders: [
        {
          clientId: "01",
          market: "binance-um",
          inst: "BTC_USDT_PERP",
          side: "SELL",
          type: "limit",
          timeInForce: "post-only",
          size: "0.004",
          price: "65001.5",
          reduceOnly: false,
          state: "open",
          filled: "0.001",
          createdAt: 1_700_000_000_000_000,
          updatedAt: 1,
          expiresAt: 1,
        },
      ],
    }),
  })
  const served = endpoint(bot.deps)
  const { at, document, waiting, click } = browse(async (path, init) =>
    served.fetch(new Request(`http://127.0.0.1:8080${path}`, init), here),
  )
  await settled(() => waiting.length === 1 && bot.listeners() === 1)
  expect(document.title).toBe("sample · perigee")
  expect(at("ready").textContent).toBe("ready")
  expect(at("books").textContent).toContain("2 × 65000.1")
  expect(at("books").textContent).toContain("65000.2 × 1")
  expect(at("positions").textContent).toContain("BTC_USDT_PERP 0.003 0.003")
  expect(at("pnl").textContent).toContain("1.5 USDT unrealized -0.25 · fees 0.1")
  expect(at("pnl").textContent).toContain("1.15 USDT in all realized 1.5 · unrealized -0.25 · fees 0.1 · funding 0")
  expect(at("orders").textContent).toContain("BTC_USDT_PERP SELL limit post-only 65001.5 0.004 0.001 open")
  expect(at("latencies").textContent).toContain("tick to order 20.0 µs 45.0 µs 80.0 µs")
  bot.emit({ name: "fill", data: { size: "0.001" } })
  await settled(() => at("log").childElementCount === 1)
  expect(at("log").textContent).toContain('fill       {"size":"0.001"}')
  await click("pause")
  expect(at("note").textContent).toBe("pause: the bearer token is missing or wrong")
  at("token").value = TOKEN
  await click("pause")
  expect([at("note").textContent, bot.called]).toEqual([
    "pause: pause (asked for over the endpoint) done",
    ["pause (asked for over the endpoint)"],
  ])
  served.close()
})

test("the page shows a dash, not a zero, where an open size has no price", async () => {
  const pnl = [{ asset: "BTC_USDT_PERP", realized: "1.5", fees: "0.1" }]
  const pnlTotals = [{ quote: "USDT", realized: "1.5", fees: "0.1", funding: "0" }]
  const served = endpoint(testBot({ state: () => ({ ...image, pnl, pnlTotals }) }).deps)
  const { at, waiting } = browse(async (path, init) =>
    served.fetch(new Request(`http://127.0.0.1:8080${path}`, init), here),
  )
  await settled(() => waiting.length === 1)
  expect(at("pnl").textContent).toBe(
    "— USDT in all realized 1.5 · unrealized — · fees 0.1 · funding 0 1.5 BTC_USDT_PERP unrealized — · fees 0.1",
  )
  served.close()
})

test("the page says so where the bot does not answer or does not want to", async () => {
  const silent = browse(() => Promise.reject(new Error("refused")))
  await settled(() => silent.waiting.length === 2)
  expect(silent.at("note").textContent).toBe("the bot does not answer")
  const served = endpoint(testBot().deps)
  const far = browse(async (path, init) =>
    served.fetch(new Request(`http://bot:8080${path}`, init), { isLoopback: false }),
  )
  await settled(() => far.waiting.length === 2)
  expect(far.at("note").textContent).toBe("the bearer token is missing or wrong")
})
