// What pprofd may see when it is not root, shown by a test run that is root.

export const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to become another user'

/** The user nobody of every Linux. */
export const nobodyUid = 65534

/** Runs `work` with the rights of nobody; glibc changes them for all threads at once. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.seteuid?.(nobodyUid)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}
