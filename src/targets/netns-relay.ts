/**
 * Runs inside another network namespace, started there by nsenter(1), and connects our stdin and
 * stdout with one port of its loopback interface. See src/targets/network.ts.
 */
import { connect } from 'node:net'

const socket = connect({ host: '127.0.0.1', port: Number(process.argv[2]), noDelay: true })
socket.on('error', () => process.exit(1))
socket.on('close', () => process.exit(0))
process.stdin.pipe(socket).pipe(process.stdout)
