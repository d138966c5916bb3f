// The contender of retained.mjs: the whole snapshot as JavaScript objects, and nothing done with them.
import { readFileSync } from 'node:fs'

const { nodes, edges } = JSON.parse(readFileSync(process.argv[2], 'latin1'))
if (nodes.length === 0 || edges.length === 0) process.exit(1)
