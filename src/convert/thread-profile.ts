/** A thread's profile, whether it was recorded in one piece or in windows. */
import { type CpuProfile, parseCpuProfile } from './cpu-profile.ts'
import { cpuProfileText } from './cpu-profile-text.ts'
import type { ThreadRecording } from './cpu-recording.ts'
import { mergeProfiles } from './merge-profiles.ts'

type Windows = Pick<ThreadRecording, 'profileJson' | 'laterWindows'>

export function parseThreadProfile({ profileJson, laterWindows }: Windows): CpuProfile {
  if (laterWindows === undefined) return parseCpuProfile(profileJson)
  return mergeProfiles([profileJson, ...laterWindows].map(parseCpuProfile))
}

/** For a .cpuprofile file: V8's own bytes where it was recorded in one piece. */
export function threadProfileText(thread: Windows): Uint8Array {
  if (thread.laterWindows === undefined) return thread.profileJson
  return cpuProfileText(parseThreadProfile(thread))
}

/** What V8 sent. */
export function threadProfileBytes({ profileJson, laterWindows = [] }: Windows): number {
  return laterWindows.reduce((sum, { byteLength }) => sum + byteLength, profileJson.byteLength)
}
