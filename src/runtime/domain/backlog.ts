/**
 * Bytes of texts handed to one socket that may wait to leave: beyond, further texts are refused, so that a peer which
 * takes nothing costs a bounded amount of memory. A venue's subscriptions and a second of orders are far below it.
 */
export const unsentBytesMax = 16 * 1024 * 1024
