// What packages and images say of themselves, held against what they are made of.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { checkout } from '../fixtures/support/checkout.ts'
import { runCommand } from '../fixtures/support/run-command.ts'

t.test('the page lists every package that is locked, each with a permissive licence', async (t) => {
  const { code, stderr } = await runCommand('node', ['scripts/dependencies.mjs'], { cwd: checkout })
  t.match({ code, stderr }, { code: 0, stderr: '' })
})

t.test('the pod runs the image as the image is made', async (t) => {
  const dockerfile = read('Dockerfile')
  const { version } = JSON.parse(read('package.json'))
  const { spec } = parse(read('docs/kubernetes/pod.yaml'))
  const [application, pprofd] = spec.containers

  t.equal(spec.shareProcessNamespace, true)
  t.equal(application.securityContext.runAsUser, pprofd.securityContext.runAsUser)
  const { runAsUser, runAsGroup } = pprofd.securityContext
  t.match(dockerfile, `\nUSER ${runAsUser}:${runAsGroup}\n`)
  t.match(pprofd.image, `/pprofd:${version}`)

  // YAML takes a colon and a space for a key, wherever a text has no quotes.
  const command = pprofd.livenessProbe.exec.command
  t.same(command, JSON.parse(/HEALTHCHECK[^[]*(\[.*\])/.exec(dockerfile)?.[1] ?? ''))

  const mounted = pprofd.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)
  const [, state = ''] = /^ENV PPROFD_STATE_DIR=(\S+)/m.exec(dockerfile) ?? []
  t.ok(
    mounted.includes(state.replace(/\/[^/]+$/, '')),
    `${state} can be written in a read-only root`,
  )

  const [build, image] = Array.from(dockerfile.matchAll(/^FROM (\S+)/gm), ([, name]) => name)
  t.equal(build, image)
  t.match(image, /^node:\d+\.\d+\.\d+-[a-z]+-slim$/, 'pinned')
})

function read(path: string): string {
  return readFileSync(join(checkout, path), 'utf8')
}
