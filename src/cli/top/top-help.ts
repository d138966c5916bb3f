/** What `?` shows. */
import { cutText } from './cut-text.ts'
import type { TopSize } from './top-lines.ts'

const text = `pprofd top: where a Node process spends its time, now and since the start

%Own       time in the function itself, as a part of the last window of about 1 s
%Total     the same with what it called
OwnTime, TotalTime
           the same since the start, or since the last reset
Time is counted while code runs or is blocked in a call; waiting for events is not.
Of all threads together it can exceed 100 %.

1 2 3 4    sort by that column     s        by the next one
t T        next, previous thread   p space  hold the picture; it samples on
r          start the sums anew     ? h      this help
q Ctrl-C   quit

CPU        by the kernel, of one processor: 200 % are two of them
Loop       ~ is judged by the samples; without it Node says so itself. Delays: the
           longest stretch in which no sample hit a rest. Shorter rests than the
           sampling interval are missed, so it is an upper bound: --hz 1000 sees more.
Heap       the limit is shown where the program has loaded node:v8

While it runs the inspector of the process is open on 127.0.0.1, and every user of
this machine who can reach it can run code in the process. It is closed at the end,
unless it was open before.`

export function helpLines({ columns, rows }: TopSize): string[] {
  const lines = text.split('\n').flatMap((line) => wrap(line, columns))
  return [...lines.slice(0, Math.max(0, rows - 1)), cutText('any key: back', columns)]
}

/** Of plain ASCII, at blanks. */
function wrap(line: string, columns: number): string[] {
  if (line.length <= columns) return [line]
  const at = line.lastIndexOf(' ', columns)
  const end = line.slice(0, at).trim() === '' ? columns : at
  return [line.slice(0, end), ...wrap(line.slice(end).trimStart(), columns)]
}
