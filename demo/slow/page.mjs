export function renderPage(products, customer) {
  const sorted = [...products].sort(byLikenessTo(customer))
  return `<ol>${sorted.map(({ name }) => `<li>${name}</li>`).join('')}</ol>`
}

function byLikenessTo(customer) {
  return function compareLikeness(a, b) {
    let difference = 0
    for (const [index, taste] of customer.tastes.entries()) {
      difference += Math.abs(a.traits[index] - taste) - Math.abs(b.traits[index] - taste)
    }
    return difference
  }
}
