export function renderPage(products) {
  const tags = collectTags(products)
  const items = products.map(({ name }) => `<li>${name}</li>`)
  return `<nav>${tags.join(' ')}</nav><ul>${items.join('')}</ul>`
}

function collectTags(products) {
  const tags = []
  for (const { tags: own } of products) {
    for (const tag of own) {
      if (!tags.includes(tag)) tags.push(tag)
    }
  }
  return tags.sort()
}
