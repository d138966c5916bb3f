// Loaded into the daemon of a soak: SIGUSR2 collects garbage and says what is left.
process.on('SIGUSR2', () => {
  for (let i = 0; i < 3; i++) globalThis.gc()
  process.stdout.write(`${JSON.stringify({ msg: 'probe', ...process.memoryUsage() })}\n`)
})
