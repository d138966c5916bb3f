import { spawnSync } from 'node:child_process'

/** The lines to paste, for this machine: without Go it says what to do instead. */
export function instructions({ base, pid, serviceUrl, login }) {
  const profile = `${base}/targets/${pid}/debug/pprof/profile`
  const port = new URL(base).port
  return `
A plain Node service (process ${pid}, ${serviceUrl}) is under load, and pprofd listens on ${base}.
Nothing was changed in the service. Paste any of these into another terminal:

  In a browser
    ${base}/

${goLines(profile)}
  With curl
    curl -o cpu.pb.gz '${profile}?seconds=5'
    curl '${profile}?seconds=5&format=markdown'
    curl -o cpu.cpuprofile '${profile}?seconds=5&format=cpuprofile'      # Chrome DevTools, VS Code
    curl -o cpu.speedscope.json '${profile}?seconds=5&format=speedscope' # https://www.speedscope.app

  Without the daemon
    node dist/main.js profile ${pid} -s 5 -o cpu.pb.gz

  From your own machine, when this one is far away
    ssh -N -L ${port}:127.0.0.1:${port} ${login}

Ctrl-C stops everything.`
}

function goLines(profile) {
  if (spawnSync('go', ['version']).status === 0) {
    return `  With Go's own tool
    go tool pprof -top '${profile}?seconds=5'
    go tool pprof -http=: '${profile}?seconds=5'
`
  }
  return `  Go is not installed here, so \`go tool pprof\` is not: use the markdown or speedscope form below,
  or run \`go tool pprof -http=: '${profile}?seconds=5'\` where Go is.
`
}
