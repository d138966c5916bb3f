// The slow one: it sorts by a comparator that does too much and renders row by row.
export function renderReport(users) {
  const sorted = [...users].sort(compareUsers)
  return `<!doctype html><title>Report</title><table>${sorted.map(renderRow).join('')}</table>`
}

function compareUsers(a, b) {
  const first = a.name.toLocaleLowerCase('en')
  const second = b.name.toLocaleLowerCase('en')
  if (first !== second) return first < second ? -1 : 1
  return a.balance - b.balance
}

const rowTemplate =
  '<tr><td>{{id}}</td><td>{{name}}</td><td>{{email}}</td><td>{{balance}}</td></tr>'

function renderRow(user) {
  return rowTemplate.replace(/\{\{(\w+)\}\}/g, (_, field) => escapeHtml(String(user[field])))
}

function escapeHtml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
