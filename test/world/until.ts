/** Resolves when it holds, looking a hundred times a second; fails by name after `msMax`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, msMax = 15_000): Promise<void> {
  const giveUpAt = performance.now() + msMax
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${msMax} ms: ${what}`)
    await Bun.sleep(10)
  }
}
