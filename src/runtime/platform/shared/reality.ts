import { isBuiltin } from "node:module"

/** What a file takes of a module when it is loaded: names, `default`, or `*` for all of it. */
export interface Taken {
  readonly path: string
  readonly names: readonly string[]
}

const TIME = "use ctx.now(), ctx.after() and ctx.every()"
const CHANCE = "use ctx.random(), or crypto.randomUUID() when it is needed"
const NETWORK = "declare a feed, an orders task or a model: a simulation has no other network"
const PROCESS = "give the bot what it needs as a parameter"
const KEPT = "keep it in ctx.state"

/**
 * Modules whose every export is pure, or has nothing to do with time, chance, network or process. Files count among these:
 * what a bot reads when it is loaded is a part of it, as its own code is, and is not in the trace.
 */
const PURE: ReadonlySet<string> = new Set(
  (
    "assert assert/strict async_hooks buffer console constants diagnostics_channel events fs fs/promises module path path/posix " +
    "path/win32 punycode querystring stream stream/consumers stream/promises string_decoder sys url util util/types zlib"
  ).split(" "),
)

/** Of these the default export, too: it is the object whose members stand for the simulation's own. */
const PURE_NAMES: Readonly<Record<string, ReadonlySet<string>>> = {
  process: new Set("default arch argv cwd emitWarning env nextTick platform stderr stdout version versions".split(" ")),
  bun: new Set(
    (
      "default ArrayBufferSink CryptoHasher Glob JSONL MD4 MD5 SHA1 SHA224 SHA256 SHA384 SHA512 SHA512_256 TOML Transpiler YAML " +
      "color concatArrayBuffers deepEquals deepMatch deflateSync env escapeHTML file fileURLToPath gunzipSync gzipSync hash " +
      "indexOfLine inflateSync inspect pathToFileURL peek readableStreamToArrayBuffer readableStreamToJSON " +
      "readableStreamToText resolveSync revision semver sha stringWidth stripANSI version write zstdCompressSync " +
      "zstdDecompressSync"
    ).split(" "),
  ),
}

/** The rest of this module is pure. */
const CHANCE_NAMES = /random|prime|^generateKey|DiffieHellman|^createECDH$|^webcrypto$|^subtle$|^rng$|^prng$|^\*$/i

const NETWORKS = /^(?:net|tls|https?|http2|dgram|dns(?:\/promises)?|inspector(?:\/promises)?|ws|undici|_http.*|_tls.*)$/
const TIMES = /^(?:timers(?:\/promises)?|perf_hooks)$/
const STORES = /^(?:sqlite|bun:sqlite)$/

/** Not a file of the bot's and not a package: the runtime has it. `ws` and `undici` are Bun's own, whatever is installed. */
export const isRuntimes = (path: string): boolean =>
  isBuiltin(path) || path === "bun" || path.startsWith("bun:") || path === "ws" || path === "undici"

/**
 * Why this stays real in a simulation, with what to use instead: what a module took when it was loaded is not replaced when
 * time becomes virtual. Empty where nothing of it matters.
 */
export function realitiesOf({ path, names }: Taken): readonly string[] {
  const module = path.replace(/^node:/, "")
  if (PURE.has(module)) return []
  if (module === "crypto")
    return told(
      path,
      names.filter((name) => CHANCE_NAMES.test(name)),
    )
  const pure = PURE_NAMES[module]
  if (pure !== undefined)
    return told(
      path,
      names.filter((name) => !pure.has(name)),
    )
  return [`${path}: ${remedyOf(module)}`]
}

const told = (path: string, names: readonly string[]): readonly string[] =>
  names.map((name) =>
    name === "*" ? `all of ${path}: import by name what it needs of it` : `${name} of ${path}: ${remedyFor(name)}`,
  )

function remedyOf(module: string): string {
  if (TIMES.test(module)) return TIME
  if (NETWORKS.test(module)) return NETWORK
  return STORES.test(module) ? KEPT : PROCESS
}

function remedyFor(name: string): string {
  if (/^(?:sleep|sleepSync|nanoseconds|hrtime|uptime|cron)$/.test(name)) return TIME
  if (CHANCE_NAMES.test(name)) return CHANCE
  if (/^(?:fetch|serve|connect|listen|udpSocket|dns|redis|RedisClient|s3|S3Client|sql|SQL|postgres)$/.test(name))
    return NETWORK
  return PROCESS
}
