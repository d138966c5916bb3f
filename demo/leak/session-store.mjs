const sessions = new Map()

export function openSession(visitor) {
  const session = { visitor, opened: new Date(), history: createHistory() }
  sessions.set(visitor, session)
  setTimeout(() => closeSession(session), 1000)
  return session
}

/** Closing it is meant to forget it: but the keys of the map are names, not sessions. */
function closeSession(session) {
  sessions.delete(session)
}

function createHistory() {
  return Array.from({ length: 100 }, (_, index) => ({ page: `/page/${index}`, ms: index }))
}
