import stringWidth from 'string-width'

const graphemes = new Intl.Segmenter()

/** At most that many columns of a terminal; wide characters have two. */
export function cutText(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text
  let shown = ''
  let width = 1
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment)
    if (width > columns) break
    shown += segment
  }
  return columns < 1 ? '' : `${shown}…`
}
