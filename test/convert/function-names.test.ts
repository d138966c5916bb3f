import t from 'tap'
import { FunctionNames } from '../../src/convert/function-names.ts'
import type { ScriptQuestions } from '../../src/convert/source-lookup.ts'

const call = (functionName: string, url = '/app/out.js', lineNumber = 4) => {
  return { functionName, url, lineNumber, columnNumber: 2 }
}

const frame = (name: string, line = 5, url = '/app/out.js') => {
  return { function: name, url, line, column: 3 }
}

t.test('functions are called as in profiles', async (t) => {
  const names = new FunctionNames('/app')
  const root = { functionName: '(root)', url: '', lineNumber: -1, columnNumber: -1 }
  const calls = [root, call('run'), call(''), { ...root, functionName: '(idle)' }]
  t.strictSame(await names.ofCalls(calls), ['', 'out.run', 'out.(anonymous:5:3)', '(idle)'])
  const frames = [
    frame('Mutex.acquire'),
    frame('(anonymous)'),
    { function: 'Promise.all (index 3)', url: '', line: 0, column: 0 },
  ]
  const expected = ['out.Mutex.acquire', 'out.(anonymous:5:3)', 'Promise.all (index 3)']
  t.strictSame(await names.ofFrames(frames), expected)
})

t.test('source maps are asked once for each function', async (t) => {
  const asked: (readonly ScriptQuestions[])[] = []
  const names = new FunctionNames('/app', async (scripts) => {
    asked.push(scripts)
    return {
      positionFor: (_url, line, column) => ({
        url: '/app/src/in.ts',
        line,
        column,
        name: 'written',
      }),
      packageOf: () => undefined,
      notes: [],
    }
  })
  for (let time = 0; time < 2; time++) {
    t.strictSame(await names.ofCalls([call('a')]), ['src/in.written'])
    t.strictSame(await names.ofFrames([frame('b'), frame('b')]), [
      'src/in.written',
      'src/in.written',
    ])
  }
  t.equal(asked.length, 2)
  await names.ofCalls([call('a'), call('c', '/app/out.js', 9)])
  t.strictSame(
    asked[2]?.map(({ lines }) => lines),
    [[9]],
  )
})
