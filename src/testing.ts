/**
 * What a test of a strategy imports as `perigee/testing`: the whole bot with its adapter, its models and a simulated exchange
 * on a virtual clock. Needs a checkout or the package, and Bun or Deno; the compiled `perigee` does not carry it.
 */
export { inOwnTask, openSimulation } from "./world/simulation.ts"
export type { Death, Simulation, SimulationOptions } from "./world/simulation.ts"
export type { Faults } from "./runtime/simulation/faults.ts"
export { type Difference, differenceText, firstDifference } from "./runtime/simulation/trace.ts"
export { realImports } from "./world/entrance.ts"
export { replay, type Replayed, type ReplayOptions } from "./world/replay.ts"
export { type Peer, replies } from "./world/replies.ts"
