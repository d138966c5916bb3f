export function searchUsers(users, text) {
  const pattern = searchPattern(text)
  return users.filter((user) => pattern.test(user.email)).slice(0, 50)
}

function searchPattern(text) {
  const literal = text.replace(/[^a-z0-9]/gi, '')
  return new RegExp(`^([a-z]+\\.)*[a-z]*${literal}[a-z.]*\\d+@example`, 'i')
}
