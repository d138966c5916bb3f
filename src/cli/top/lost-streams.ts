/**
 * `pprofd top api | head` closes our stdout, a lost ssh connection the terminal: reasons to end in good
 * order, with the target let go, and no reasons to fail.
 */
export function lostStreams(onLost: () => void): { release(): void } {
  const streams = [process.stdin, process.stdout, process.stderr]
  const before = streams.map((stream) => stream.rawListeners('error'))
  for (const stream of streams) {
    // main.ts would exit at once.
    stream.removeAllListeners('error')
    stream.on('error', onLost)
  }
  return {
    release: () => {
      for (const [index, stream] of streams.entries()) {
        stream.off('error', onLost)
        for (const listener of before[index] ?? []) {
          stream.on('error', listener as (error: Error) => void)
        }
      }
    },
  }
}
