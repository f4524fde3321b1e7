/** What a command needs of the process it runs in; the platform gives the real one, tests a captured one. */
export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: progress and complaints. */
  err(text: string): void
  readonly isInteractive: boolean
  readonly columns: number
  readonly cwd: string
  env(name: string): string | undefined
  /** Called once when the process is asked to end (SIGINT, SIGTERM); a second signal ends it at once. */
  onStop(asked: (signal: string) => void): void
}
