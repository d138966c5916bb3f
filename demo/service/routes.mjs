import { hashPassword } from './hash.mjs'
import { renderReport } from './report.mjs'
import { searchUsers } from './search.mjs'
import { listUsers } from './users.mjs'

const routes = new Map([
  ['/users', () => json(listUsers())],
  ['/report', () => html(renderReport(listUsers()))],
  ['/search', (query) => json(searchUsers(listUsers(), query.get('q') ?? ''))],
  ['/hash', (query) => json({ hash: hashPassword(query.get('text') ?? '') })],
])

export function route(url) {
  const answer = routes.get(url.pathname)
  if (answer === undefined) return { status: 404, type: 'text/plain', body: 'not found\n' }
  return answer(url.searchParams)
}

function json(value) {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) }
}

function html(body) {
  return { status: 200, type: 'text/html; charset=utf-8', body }
}
