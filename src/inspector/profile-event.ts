/** V8's event that a `console.profile` has ended, without turning the profile into objects. */

export interface ConsoleProfileFinished {
  readonly title: string
  /** The JSON text of Profiler.Profile. */
  readonly profileJson: Uint8Array
}

export const profileFinished = 'Profiler.consoleProfileFinished'

/** V8 writes the profile after numbers and ids of its own, and the title last. */
const prefix = `{"method":"${profileFinished}","params":{`
const profileKey = ',"profile":'
const titleKey = ',"title":'

/** Undefined where the message is another one, or in another form. */
export function readProfileEvent(message: Buffer): ConsoleProfileFinished | undefined {
  if (message.toString('latin1', 0, prefix.length) !== prefix) return undefined
  const profileAt = message.indexOf(profileKey, prefix.length - 1)
  // In a JSON string the key's quotes would be escaped: this is the last member.
  const titleAt = message.lastIndexOf(titleKey)
  if (profileAt < 0 || titleAt < profileAt) return undefined
  const title = parsed(message.toString('utf8', titleAt + titleKey.length, message.length - 2))
  if (typeof title !== 'string') return undefined
  return { title, profileJson: message.subarray(profileAt + profileKey.length, titleAt) }
}

/** The same of a message that was parsed all the same. */
export function profileEventOf(params: unknown): ConsoleProfileFinished {
  const { title, profile } = Object(params) as Record<string, unknown>
  return { title: String(title ?? ''), profileJson: Buffer.from(JSON.stringify(profile ?? null)) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
