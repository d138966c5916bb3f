/** Who may use pprofd and for what: the section `access` of the configuration, with names looked up. */
import { InputError } from '../errors.ts'
import { readToken } from './token-file.ts'
import { type Group, membersOf, readUserDatabase, type UserDatabase } from './user-database.ts'

/** As the configuration says it; users and groups are names or numbers. */
export interface AccessSettings {
  readonly uids: readonly (string | number)[]
  readonly groups: readonly (string | number)[]
  readonly targets: 'own' | 'any'
  readonly deny: readonly string[]
  readonly tokenFile?: string
  /** Octal digits. */
  readonly socketMode: string
  readonly socketGroup?: string | number
}

/**
 * Root and the daemon's own user, who could attach to whatever pprofd can attach to, are owners and may do
 * everything. Who else is let in is a guest.
 */
export interface AccessRules {
  readonly ownerUids: ReadonlySet<number>
  readonly guestUids: ReadonlySet<number>
  /** Whose processes a guest may use. */
  readonly targets: 'own' | 'any'
  /** The profiles that a guest may not take, called as in URLs. */
  readonly deny: readonly string[]
  /** Makes a guest of whoever sends it. */
  readonly token: string | undefined
  /** Whether the kernel tells who a peer is: only Linux does. */
  readonly knowsPeers: boolean
}

/** Permissions of a unix socket that pprofd creates. */
export interface SocketPermissions {
  readonly mode: number
  /** Undefined: the daemon's. */
  readonly gid: number | undefined
}

export const ownersOnly: AccessRules = {
  ownerUids: new Set([0, process.geteuid?.() ?? 0]),
  guestUids: new Set(),
  targets: 'own',
  deny: [],
  token: undefined,
  knowsPeers: process.platform === 'linux',
}

/** @throws {InputError} config-invalid for a name that nobody has, or a token file that is not fit. */
export async function accessRules(
  settings: AccessSettings,
  database?: UserDatabase,
): Promise<AccessRules> {
  const { uids, groups, targets, deny, tokenFile } = settings
  const known = database ?? (await readUserDatabase())
  const members = groups.flatMap((group) => membersOf(known, groupOf(group, known)))
  return {
    ...ownersOnly,
    guestUids: new Set([...uids.map((user) => uidOf(user, known)), ...members]),
    targets,
    deny,
    token: tokenFile === undefined ? undefined : await readToken(tokenFile),
  }
}

/** @throws {InputError} config-invalid for a group that is not there. */
export async function socketPermissions(
  { socketMode, socketGroup }: AccessSettings,
  database?: UserDatabase,
): Promise<SocketPermissions> {
  const mode = Number.parseInt(socketMode, 8)
  if (socketGroup === undefined) return { mode, gid: undefined }
  if (isNumber(socketGroup)) return { mode, gid: Number(socketGroup) }
  const { gid } = groupOf(socketGroup, database ?? (await readUserDatabase()), 'access.socketGroup')
  return { mode, gid }
}

function uidOf(user: string | number, { users }: UserDatabase): number {
  if (isNumber(user)) return Number(user)
  const found = users.find(({ name }) => name === user)
  if (found !== undefined) return found.uid
  throw unknownName('access.uids', 'user', user, '/etc/passwd')
}

/** A group with a number need not have a name. */
function groupOf(
  group: string | number,
  { groups }: UserDatabase,
  option = 'access.groups',
): Group {
  const found = groups.find(({ name, gid }) =>
    isNumber(group) ? gid === Number(group) : name === group,
  )
  if (found !== undefined) return found
  if (isNumber(group)) return { name: String(group), gid: Number(group), members: [] }
  throw unknownName(option, 'group', group, '/etc/group')
}

function isNumber(text: string | number): boolean {
  return typeof text === 'number' || /^[0-9]{1,10}$/.test(text)
}

function unknownName(option: string, kind: string, name: string | number, file: string) {
  const message = `${option} names the ${kind} ${name}, but ${file} has none of that name; write the number of a ${kind} that a directory service knows`
  return new InputError('config-invalid', message)
}
