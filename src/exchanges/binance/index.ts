import type { Venue, VenueOptions } from "../../runtime/ports.ts"
import { decoder } from "../kit/frame.ts"
import { hostsOf } from "../kit/hosts.ts"
import { venueOf } from "../kit/venue.ts"
import { orderEntry } from "./entry.ts"
import { verdictOf } from "./errors.ts"
import { readFrame } from "./map/frame.ts"
import { fromNative, readInst, toNative } from "./map/inst.ts"
import { futuresScan } from "./scan.ts"
import { seal } from "./sign.ts"
import { BOOK, CREDENTIAL_NAMES, ENDPOINTS, HEARTBEAT, HISTORY, HOSTS, LIMITS, requestLifeMs, usageOf } from "./spec.ts"
import { subscriptionOf } from "./streams.ts"

/** The market `binance-um`: Binance USD-M futures. */
export function binanceUm(options: VenueOptions = {}): Venue {
  const hosts = hostsOf(HOSTS, options)
  return venueOf({
    market: "binance-um",
    exchange: "binance",
    limits: LIMITS,
    heartbeat: HEARTBEAT,
    book: BOOK,
    history: HISTORY,
    credentialNames: CREDENTIAL_NAMES,
    requestLifeMs,
    restOrigin: hosts.rest,
    endpoints: ENDPOINTS,
    carry: () => "query",
    seal,
    judge: (_, reply) => verdictOf(reply),
    decode: decoder(readFrame, futuresScan("binance-um", readInst)),
    usage: usageOf,
    subscribe: (channel, insts, auth) => subscriptionOf("SUBSCRIBE", hosts, channel, insts, auth),
    unsubscribe: (channel, insts, auth) => subscriptionOf("UNSUBSCRIBE", hosts, channel, insts, auth),
    entry: orderEntry(hosts.api, requestLifeMs, CREDENTIAL_NAMES),
    inst: { toNative, fromNative },
  })
}
