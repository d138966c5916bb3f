const userCount = 2_000
const givenNames = [
  'Ada',
  'Anders',
  'Barbara',
  'Edsger',
  'Frances',
  'Grace',
  'Katherine',
  'Niklaus',
]
const familyNames = ['Allen', 'Dijkstra', 'Hejlsberg', 'Hopper', 'Johnson', 'Liskov', 'Lovelace']

const users = Array.from({ length: userCount }, (_, index) => makeUser(index))

export function listUsers() {
  return users
}

function makeUser(index) {
  const given = givenNames[index % givenNames.length]
  const family = familyNames[index % familyNames.length]
  return {
    id: index + 1,
    name: `${given} ${family}`,
    email: `${given}.${family}.${index}@example.org`.toLowerCase(),
    // Scattered, but the same at every start.
    balance: ((index * 7_919) % 10_007) / 100,
    tags: ['customer', index % 3 === 0 ? 'newsletter' : 'quiet', `group-${index % 17}`],
  }
}
