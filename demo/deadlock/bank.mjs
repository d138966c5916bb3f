// A bank that hangs: two transfers lock the same two accounts, each in its own order. The walk through
// docs/tutorial.md finds out why. It prints `ready {"pid":...,"port":...}`.
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Lock } from './lock.mjs'

const accounts = new Map(
  ['alice', 'bob'].map((name) => [name, { name, balance: 100, lock: new Lock() }]),
)

async function transfer(from, to, amount) {
  await from.lock.acquire()
  try {
    await checkCredit(from, amount)
    await to.lock.acquire()
    try {
      from.balance -= amount
      to.balance += amount
    } finally {
      to.lock.release()
    }
  } finally {
    from.lock.release()
  }
}

async function checkCredit({ name, balance }, amount) {
  await delay(20)
  if (balance < amount) throw new Error(`${name} has only ${balance}`)
}

async function readBalance(account) {
  await account.lock.acquire()
  try {
    return account.balance
  } finally {
    account.lock.release()
  }
}

async function answer(request, response) {
  const account = accounts.get(request.url.slice('/balance/'.length))
  if (account === undefined) return response.writeHead(404).end('no such account\n')
  response.end(`${await readBalance(account)}\n`)
}

async function payRent() {
  await transfer(accounts.get('alice'), accounts.get('bob'), 30)
}

async function payWages() {
  await transfer(accounts.get('bob'), accounts.get('alice'), 50)
}

const server = createServer((request, response) => void answer(request, response))
server.listen(0, '127.0.0.1', () => {
  void payRent()
  void payWages()
  const { port } = server.address()
  console.log(`ready ${JSON.stringify({ pid: process.pid, port })}`)
})
