import { blockingPeer } from "../models/zmq/index.ts"

/** A model service's answers, waited for with the whole thread: no virtual time passes meanwhile. */
export const askStandingStill = blockingPeer
