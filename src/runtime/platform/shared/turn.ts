/**
 * Runs `work` as a task of the event loop's own, outside of every microtask: some engines empty the microtask queue only
 * for who is not in it. What follows an `await` is in it, so `work` holds all that steps a virtual clock.
 */
export const inOwnTask = <T>(work: () => T): Promise<T> =>
  new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(work())
      } catch (error) {
        reject(error)
      }
    }, 0)
  })
