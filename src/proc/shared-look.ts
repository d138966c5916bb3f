/**
 * One look at a file for all who want to know the same, by way of the process (/proc/PID/exe) of whoever came
 * first. That process may end meanwhile: then nothing was found out, and one of the others looks by way of its own.
 */
export async function shareLook<T>(
  looks: Map<string, Promise<T | undefined>>,
  key: string,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let other = looks.get(key); other !== undefined; other = looks.get(key)) {
    const found = await other
    if (found !== undefined) return found
  }
  const forgetNothing = (found: T | undefined) => {
    if (found === undefined) looks.delete(key)
    return found
  }
  const mine = look().then(forgetNothing)
  looks.set(key, mine)
  return mine
}
