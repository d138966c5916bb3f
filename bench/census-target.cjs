// A process with many suspended async functions: 60 % of them stacks of one, two or three, the rest their
// callers.
'use strict'
const wanted = Number(process.argv[2] ?? 1000)
const held = []
globalThis.held = held
const never = () => new Promise((resolve) => held.push(resolve))
async function lock() {
  await never()
}
async function query(id) {
  await lock()
  return id
}
async function handle(id) {
  return [await query(id)]
}
async function background() {
  for (;;) await never()
}
const roots = []
// Ten functions in six stacks: three of one, two of two, one of three.
for (let count = 0; count < wanted; count += 10) {
  roots.push(background(), background(), background(), query(count), query(count), handle(count))
}
globalThis.roots = roots
setTimeout(() => console.log(`ready ${JSON.stringify({ pid: process.pid })}`), 500)
setInterval(() => {}, 1e6)
