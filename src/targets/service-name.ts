/** What a process says its service is called: what its operator told other tools counts for us, too. */

/** Environment variables of the process, as it was started with them. */
export type Environment = ReadonlyMap<string, string>

/**
 * The first that is known: OpenTelemetry's, Datadog's and Pyroscope's variables, the systemd unit, the
 * name in pm2, the pod. Undefined where nobody said.
 */
export function serviceName(
  environment: Environment,
  unit: string | undefined,
): string | undefined {
  const pm2Name = environment.has('pm_id') ? environment.get('name') : undefined
  const pod = environment.has('KUBERNETES_SERVICE_HOST') ? environment.get('HOSTNAME') : undefined
  const names = [
    environment.get('OTEL_SERVICE_NAME'),
    resourceAttribute(environment.get('OTEL_RESOURCE_ATTRIBUTES'), 'service.name'),
    environment.get('DD_SERVICE'),
    environment.get('PYROSCOPE_APPLICATION_NAME'),
    unit?.replace(/\.service$/, ''),
    pm2Name,
    pod,
  ]
  const name = names.map((each) => each && cleanName(each)).find((each) => each)
  return name || undefined
}

/** The innermost systemd service of a process, out of /proc/PID/cgroup (cgroups(7)). */
export function systemdUnit(cgroup: string): string | undefined {
  const segments = cgroup.split('\n').flatMap((line) => line.split('/'))
  // user@1000.service is the manager of a login's own services, not a service.
  return segments.findLast((name) => name.endsWith('.service') && !name.startsWith('user@'))
}

/** `key=value,key=value`, percent-encoded (OpenTelemetry's resource SDK specification). */
function resourceAttribute(text: string | undefined, key: string): string | undefined {
  const pair = text?.split(',').find((each) => each.trim().startsWith(`${key}=`))
  const value = pair?.slice(pair.indexOf('=') + 1).trim()
  try {
    return value && decodeURIComponent(value)
  } catch {
    return value
  }
}

/** A name becomes part of URLs, tables and labels. */
function cleanName(name: string): string {
  return name
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 100)
}
