/** Which lines of one name may be written, and how many were not. Times are µs. */
export interface BurstLimit {
  /** How many were suppressed since the last admitted one; undefined: this one is suppressed too. */
  admit(name: string, now: number): number | undefined
  /** Takes the counts not told yet. */
  drain(): { readonly name: string; readonly suppressed: number }[]
}

interface Window {
  startedAt: number
  admitted: number
  suppressed: number
}

/** At most `burst` of one name within a window that starts with its first. */
export function burstLimit(burst: number, windowUs: number): BurstLimit {
  const windows = new Map<string, Window>()
  return {
    admit(name, now) {
      let window = windows.get(name)
      if (window === undefined) windows.set(name, (window = { startedAt: now, admitted: 0, suppressed: 0 }))
      if (now - window.startedAt >= windowUs) {
        window.startedAt = now
        window.admitted = 0
      }
      if (window.admitted >= burst) {
        window.suppressed++
        return undefined
      }
      window.admitted++
      const suppressed = window.suppressed
      window.suppressed = 0
      return suppressed
    },
    drain() {
      const told = [...windows].filter(([, { suppressed }]) => suppressed > 0)
      return told.map(([name, window]) => {
        const { suppressed } = window
        window.suppressed = 0
        return { name, suppressed }
      })
    },
  }
}
