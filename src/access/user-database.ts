/**
 * Users and groups by name, out of /etc/passwd and /etc/group (passwd(5), group(5)). Users that come
 * from a directory service are not there: they can be written as numbers.
 */
import { readFile } from 'node:fs/promises'

export interface User {
  readonly name: string
  readonly uid: number
  /** Its primary group. */
  readonly gid: number
}

export interface Group {
  readonly name: string
  readonly gid: number
  /** Names of those whose primary group is another. */
  readonly members: readonly string[]
}

export interface UserDatabase {
  readonly users: readonly User[]
  readonly groups: readonly Group[]
}

/** What cannot be read knows nobody. */
export async function readUserDatabase(folder = '/etc'): Promise<UserDatabase> {
  const [passwd, group] = await Promise.all(
    ['passwd', 'group'].map((name) => readFile(`${folder}/${name}`, 'utf8').catch(() => '')),
  )
  return { users: parseUsers(passwd ?? ''), groups: parseGroups(group ?? '') }
}

/** Everybody in the group: those it lists, and those whose primary group it is. */
export function membersOf({ users }: UserDatabase, { gid, members }: Group): readonly number[] {
  return users
    .filter((user) => user.gid === gid || members.includes(user.name))
    .map(({ uid }) => uid)
}

function parseUsers(text: string): readonly User[] {
  return records(text).flatMap(([name = '', , uid = '', gid = '']) =>
    name !== '' && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  )
}

function parseGroups(text: string): readonly Group[] {
  return records(text).flatMap(([name = '', , gid = '', members = '']) =>
    name !== '' && isId(gid)
      ? [{ name, gid: Number(gid), members: members.split(',').filter((m) => m !== '') }]
      : [],
  )
}

function records(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) => line.split(':'))
}

function isId(text: string): boolean {
  return /^[0-9]{1,10}$/.test(text)
}
