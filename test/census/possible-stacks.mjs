// Every stack that test/fixtures/targets/await-load.cjs can have, whatever moment is looked at.

const ofClient = ['client 65']
const inHandler = (line) => [`handler ${line}`, ...ofClient]
const socket = ['Database.#socket 25', 'Database.send 22', 'Database.query 18']
const inRows = ['rows 41', 'list 45', ...inHandler(59)]
const inAll = ['Promise.all', ...inHandler(58)]
const cache = (line) => [`cache ${line}`, 'session 34', 'authorise 30']

const whole = [
  ['forever 70', 'waitsForever 73'],
  [...socket, ...inAll],
  [...cache(37), ...inAll],
  [...cache(38), ...inAll],
  ['authorise 31', ...inAll],
  [...socket, ...inRows],
  // A race is no frame; who lost it is left alone.
  [...socket, ...inHandler(60)],
  ['slow 55', ...inHandler(60)],
  ['slow 55', ...inHandler(61)],
]

/**
 * Whether a program can have this stack: one of the above, without the inner frames while an outer one is
 * about to go on, or without the outer ones while these have started it and not come to their own await.
 */
export function isPossible(stack) {
  const wanted = ` < ${linesOf(stack)} < `
  return whole.some((frames) => ` < ${frames.join(' < ')} < `.includes(wanted))
}

function linesOf(stack) {
  return stack.replace(/ \(index.*?\)/g, '').replace(/(\d+):\d+/g, '$1')
}
