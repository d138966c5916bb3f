/**
 * Names of the system calls that a thread waits in (asm/unistd_64.h; asm-generic/unistd.h for arm64).
 * Others are given by number.
 */
type Architecture = 'x64' | 'arm64'

const names: Readonly<Record<string, Readonly<Record<Architecture, number>>>> = {
  read: { x64: 0, arm64: 63 },
  write: { x64: 1, arm64: 64 },
  open: { x64: 2, arm64: -1 },
  poll: { x64: 7, arm64: -1 },
  ioctl: { x64: 16, arm64: 29 },
  pread64: { x64: 17, arm64: 67 },
  pwrite64: { x64: 18, arm64: 68 },
  readv: { x64: 19, arm64: 65 },
  writev: { x64: 20, arm64: 66 },
  select: { x64: 23, arm64: -1 },
  nanosleep: { x64: 35, arm64: 101 },
  connect: { x64: 42, arm64: 203 },
  accept: { x64: 43, arm64: 202 },
  sendto: { x64: 44, arm64: 206 },
  recvfrom: { x64: 45, arm64: 207 },
  sendmsg: { x64: 46, arm64: 211 },
  recvmsg: { x64: 47, arm64: 212 },
  wait4: { x64: 61, arm64: 260 },
  fcntl: { x64: 72, arm64: 25 },
  flock: { x64: 73, arm64: 32 },
  fsync: { x64: 74, arm64: 82 },
  fdatasync: { x64: 75, arm64: 83 },
  futex: { x64: 202, arm64: 98 },
  clock_nanosleep: { x64: 230, arm64: 115 },
  epoll_wait: { x64: 232, arm64: -1 },
  waitid: { x64: 247, arm64: 95 },
  openat: { x64: 257, arm64: 56 },
  pselect6: { x64: 270, arm64: 72 },
  ppoll: { x64: 271, arm64: 73 },
  epoll_pwait: { x64: 281, arm64: 22 },
  accept4: { x64: 288, arm64: 242 },
  epoll_pwait2: { x64: 441, arm64: 441 },
}

/** Those whose first argument is a file descriptor. */
const onDescriptor = new Set(
  ['read', 'write', 'ioctl', 'pread64', 'pwrite64', 'readv', 'writev', 'connect', 'accept']
    .concat(['sendto', 'recvfrom', 'sendmsg', 'recvmsg', 'fcntl', 'flock', 'fsync', 'fdatasync'])
    .concat(['accept4']),
)

export function syscallName(number: number, architecture: string = process.arch): string {
  const column: Architecture = architecture === 'arm64' ? 'arm64' : 'x64'
  const found = Object.entries(names).find(([, numbers]) => numbers[column] === number)
  return found?.[0] ?? `system call ${number}`
}

export function isOnDescriptor(name: string): boolean {
  return onDescriptor.has(name)
}
