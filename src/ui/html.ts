/** Pages as tagged templates: whatever is put in is escaped, so a target's name is never markup. */

/** Text that is HTML already. */
export interface Html {
  readonly html: string
}

type Value = string | number | Html | readonly Html[]

export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  const parts = strings.map((text, i) => {
    const value = values[i]
    return value === undefined ? text : text + render(value)
  })
  return { html: parts.join('') }
}

/** Marks text as HTML that needs no escaping: only for constants of this source. */
export function trusted(text: string): Html {
  return { html: text }
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (char) => entities[char] ?? ' ')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '`': '&#96;',
}

function render(value: Value): string {
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if ('html' in value) return value.html
  return value.map((part) => part.html).join('')
}
