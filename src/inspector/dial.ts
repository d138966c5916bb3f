import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** Opens a connection to a port of a loopback interface: pprofd's own, or that of a container. */
export type Dial = (port: number) => Duplex

export const dialLoopback: Dial = (port) => connect({ host: '127.0.0.1', port, noDelay: true })
