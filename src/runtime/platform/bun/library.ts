import { plugin } from "bun"

/** Files loaded at run time may import this module by name, wherever they lie. */
export function offerLibrary(name: string, exports: Readonly<Record<string, unknown>>): void {
  void plugin({
    name: `offer ${name}`,
    setup(build) {
      build.module(name, () => ({ exports: { ...exports }, loader: "object" }))
    },
  })
}
