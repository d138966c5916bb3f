/** How this folder tells the operator what happens when nobody waits for an answer: the daemon's log. */
export type Report = (level: 'info' | 'warn' | 'error', message: string, fields: object) => void
