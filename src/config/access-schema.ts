/** The schema of the section `access`: who may use pprofd besides root and its own user. */
import { profileKinds } from './target-schema.ts'

/** As useradd(8) takes them, and those with a dot or in capitals that directory services have; or a number. */
const name = '^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,254}\\$?$'

/** (uid_t) -1 means none. */
const maxId = 4_294_967_294

const nameOrId = { type: ['string', 'integer'], pattern: name, minimum: 0, maximum: maxId } as const
const user = { ...nameOrId, allowed: 'the name of a user or a uid' } as const
const group = { ...nameOrId, allowed: 'the name of a group or a gid' } as const

export const accessSchema = {
  type: 'object',
  default: {},
  additionalProperties: false,
  description: 'Who may use pprofd besides root and its own user, and for what.',
  properties: {
    uids: {
      type: 'array',
      default: [],
      uniqueItems: true,
      items: user,
      description: 'Users who may use pprofd, too, as names or numbers.',
    },
    groups: {
      type: 'array',
      default: [],
      uniqueItems: true,
      items: group,
      description: 'Groups whose members may use pprofd, too, as names or numbers.',
    },
    targets: {
      type: 'string',
      enum: ['own', 'any'],
      default: 'own',
      description: 'Whether other users may use only processes of their own or any.',
    },
    deny: {
      type: 'array',
      default: [],
      uniqueItems: true,
      items: { type: 'string', enum: profileKinds },
      description: 'Profiles that other users may not take, whatever the options profiles say.',
    },
    tokenFile: {
      type: 'string',
      pattern: '^/[^\\u0000]{1,4094}$',
      allowed: 'an absolute path',
      description: 'File with a token that lets in, as one of the other users, whoever sends it.',
    },
    socketMode: {
      type: 'string',
      enum: ['0600', '0660', '0666'],
      default: '0600',
      allowed: '0600, 0660 or 0666 as text, which in YAML needs quotes',
      description: 'Permissions of the unix socket that listen names.',
    },
    socketGroup: {
      ...group,
      description: 'Group of the unix socket that listen names; not set, that of the daemon.',
    },
  },
} as const
