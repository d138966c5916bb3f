// The Dockerfile's last stage by hand, in a root of its own, and then pprofd beside another process as the
// pod of docs/kubernetes has it: one process namespace, one network of its own, the user, no capability, no
// new privileges, a root that is read-only. No engine takes part.
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '../bundle.mjs'
import { Steps } from './steps.mjs'

export async function trySidecar(root, tarball) {
  const steps = new Steps()
  const file = readFileSync(join(checkout, 'Dockerfile'), 'utf8').replace(/\\\n/g, ' ')
  const stage = file.slice(file.lastIndexOf('\nFROM '))
  cpSync(tarball, join(root, 'tmp', 'pprofd-0.tgz'))
  cpSync(join(checkout, 'demo'), join(root, 'srv', 'demo'), { recursive: true })
  for (const [, command] of stage.matchAll(/^RUN (.*)$/gm)) {
    await steps.run(inRoot(root, command))
  }
  const list = (name) => JSON.parse(new RegExp(`\\b${name} (\\[.*\\])`).exec(stage)[1])
  const health = [.../HEALTHCHECK .* CMD (\[.*\])/.exec(stage)].slice(1).flatMap(JSON.parse)
  const serve = [...list('ENTRYPOINT'), ...JSON.parse(/^CMD (\[.*\])/m.exec(stage)[1])]
  const [, uid, gid] = /^USER (\d+):(\d+)/m.exec(stage)
  const [, state] = /^ENV PPROFD_STATE_DIR=(\S+)/m.exec(stage)
  const restrict = `setpriv --reuid=${uid} --regid=${gid} --clear-groups --bounding-set=-all --no-new-privs`
  const asPod = (words) =>
    `chroot ${root} ${restrict} env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/ PPROFD_STATE_DIR=${state} ${words.map(quote).join(' ')}`
  // Not with Node, which would be one more process to choose from.
  const profile = 'http://127.0.0.1:8081/debug/pprof/profile?seconds=2&format=markdown'
  const pod = `
    mount --bind ${root} ${root}; mount -o remount,bind,ro ${root}
    mount -t proc proc ${root}/proc
    mount -t tmpfs -o mode=1777 tmpfs ${root}/var/lib/pprofd; mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp
    ip link set lo up
    ${asPod(['node', '/srv/demo/slow/shop.mjs'])} &
    ${asPod(serve)} &
    for try in $(seq 50); do sleep 0.3; if ${asPod(health)}; then echo healthy; break; fi; done
    sleep 2
    ${asPod(['curl', '-s', profile])}
    kill $(jobs -p); wait`
  const seen = /healthy[\s\S]*compareLikeness/
  await steps.run(`unshare --pid --mount --net --fork bash -c ${quote(pod)}`, seen)
  await steps.end()
  return steps.failed.length
}

export function inRoot(root, command) {
  return `chroot ${root} env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin bash -ec ${quote(command)}`
}

function quote(word) {
  return `'${word.replaceAll("'", "'\\''")}'`
}
