/** Called with an error that nobody caught; the process ends with status 1 after it returns, or throws. Returns how to leave. */
export function onCrash(told: (error: unknown) => void): () => void {
  const crash = (error: unknown): never => {
    try {
      told(error)
    } finally {
      process.exit(1)
    }
  }
  process.on("uncaughtException", crash)
  process.on("unhandledRejection", crash)
  return () => {
    process.off("uncaughtException", crash)
    process.off("unhandledRejection", crash)
  }
}
