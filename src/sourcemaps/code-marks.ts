/**
 * Brackets, commas, semicolons and arrows of JavaScript, without those in strings, comments and regular
 * expressions. No parser: whether `/` divides is told by what comes before it, which `if (a) /b/` defeats.
 */

export interface Mark {
  readonly text: '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '=>'
  /** Index behind it. */
  readonly end: number
}

// Whatever has an end in valid code may also end with the text, so that nothing is read twice.
const token =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)|'(?:[^'\\]|\\[\s\S])*(?:'|\\?$)|=>|[\w$#\u0080-\uffff]+|[\s\S]/y
/** Nobody writes longer ones. */
const regularExpression = /(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,500}\]){1,500}\/[a-z]*/y
const templatePart = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/y

/** After these a `/` begins a regular expression, as after every bracket that opens and every operator. */
const keyword =
  /^(?:await|case|delete|do|else|in|instanceof|new|of|return|throw|typeof|void|yield)$/
const isMark = /^(?:[()[\]{},;]|=>)$/

/** From `start`, which is in no string or comment. Ends early where a string or template does not end. */
export function* codeMarks(text: string, start: number): Generator<Mark> {
  /** For each bracket that is open whether it is that of a template's `${`. */
  const open: boolean[] = []
  let before = ''
  for (let at = start; at < text.length; ) {
    token.lastIndex = at
    const found = token.exec(text)?.[0] ?? ''
    at += found.length
    if (/^(?:\s|\/\/|\/\*)/.test(found)) continue
    const resumes = found === '}' && open.at(-1) === true
    if (found === '/' && !endsValue(before)) at = endOf(regularExpression, text, at)
    if (/^[([{]$/.test(found)) open.push(false)
    else if (/^[)\]}]$/.test(found)) open.pop()
    if (isMark.test(found)) yield { text: found as Mark['text'], end: at }
    if (found === '`' || resumes) {
      templatePart.lastIndex = at
      const part = templatePart.exec(text)
      if (part === null) return
      at += part[0].length
      before = ')'
      if (part[1] === '`') continue
      open.push(true)
      yield { text: '{', end: at }
      before = '{'
      continue
    }
    before = found
  }
}

function endsValue(before: string): boolean {
  return /^[)\]}"'\w$#\u0080-\uffff]/.test(before) && !keyword.test(before)
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}
