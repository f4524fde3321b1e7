// A compiled binary carries the addon as a plain file: it is never loaded as an addon, only its libzmq is used.
import path from "zeromq/build/linux/arm64/node/glibc-127-Release/addon.node" with { type: "file" }

export default path
