import { ConfigError, describe } from "../runtime/domain/errors.ts"
import type { Engine } from "../runtime/engine/engine.ts"
import type { Control, ControlResult } from "../runtime/http/deps.ts"
import type { OrdersTask } from "../runtime/tasks/orders.ts"

/** What the endpoint may do to a running bot. */
export const controlOf = (engine: Engine, ended: (why: string) => void): Control => ({
  pause: (why) => done("paused", () => engine.pause(why)),
  resume: () => done("resumed", () => engine.resume()),
  cancelAll: () => done("canceled", () => engine.cancelAll()),
  flatten: () => done("flattened", () => engine.flatten()),
  settle: (clientId) => done("settled", () => settle(engine, clientId)),
  stop: () => done("stopping", () => ended("asked to over the endpoint")),
})

function settle(engine: Engine, clientId: string): void {
  const routers = engine.tasks.filter((task): task is OrdersTask => task.spec.kind === "orders")
  if (routers.some((router) => router.settle(clientId))) return
  throw new ConfigError(`order ${clientId} is not one in doubt; GET /state names those that are`)
}

async function done(message: string, work: () => void | Promise<void>): Promise<ControlResult> {
  try {
    await work()
    return { isDone: true, message }
  } catch (error) {
    return { isDone: false, message: describe(error) }
  }
}
