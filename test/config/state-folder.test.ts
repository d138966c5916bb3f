import { homedir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { stateFolder } from '../../src/config/state-folder.ts'

const user = 1000

t.test('the most deliberate choice of a state folder wins', async (t) => {
  const env = { STATE_DIRECTORY: '/var/lib/a:/var/lib/b', XDG_STATE_HOME: '/xdg' }
  t.equal(stateFolder('/own', env, user), '/own')
  t.equal(stateFolder(undefined, env, user), '/var/lib/a', "systemd's first")
  t.equal(stateFolder(undefined, { ...env, STATE_DIRECTORY: '' }, user), '/xdg/pprofd')
  t.equal(stateFolder(undefined, { XDG_STATE_HOME: '/xdg' }, 0), '/var/lib/pprofd')
  const inHome = join(homedir(), '.local/state/pprofd')
  t.equal(stateFolder(undefined, { XDG_STATE_HOME: '' }, user), inHome)
  t.equal(stateFolder(undefined, {}, user), inHome)
})
