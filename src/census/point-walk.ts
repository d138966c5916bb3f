/** Walks through a program as V8's bytecode generator does. See suspend-points.ts. */
import type { Node } from 'acorn'
import type { SourceFunction, SourceFunctions } from './source-function.ts'
import { type AnyNode, isFunction, isNode, outcomes, skipsRight, truth } from './syntax-tree.ts'
import { type Jump, WalkedBody } from './walked-body.ts'

export class PointWalk {
  readonly #functions = new Map<number, SourceFunction>()
  readonly #source: string
  #className = ''
  #body = new WalkedBody(false)

  constructor(source: string) {
    this.#source = source
  }

  module(program: AnyNode): SourceFunctions {
    // A module with top-level awaits is suspended once before it begins.
    this.#body.point('start', program.start)
    this.#list(program.body)
    this.#describe(0, '')
    return this.#functions
  }

  #describe(start: number, className: string): void {
    const { points, usesDisposal } = this.#body
    this.#functions.set(start, { className, points: usesDisposal ? undefined : points })
  }

  #list(nodes: unknown): void {
    for (const node of nodes as AnyNode[]) {
      if (!this.#body.isDead || isFunction(node)) this.#visit(node)
    }
  }

  #visit(value: unknown): void {
    if (!isNode(value)) return
    if (isFunction(value)) this.#function(value)
    else if (value.type.endsWith('Statement')) this.#statement(value)
    else this.#expression(value)
  }

  #function(node: AnyNode): void {
    const [outer, className] = [this.#body, this.#className]
    this.#body = new WalkedBody(node.async === true && node.generator === true)
    this.#className = ''
    if (node.generator === true) this.#body.point('start', node.start)
    for (const parameter of node.params as AnyNode[]) this.#visit(parameter)
    this.#visit(node.body)
    for (const start of this.#startsOf(node)) this.#describe(start, className)
    this.#body = outer
    this.#className = className
  }

  /** The parenthesis of the parameters; of an arrow function the first character, or the one behind `async`. */
  #startsOf(node: AnyNode): readonly number[] {
    if (node.type !== 'ArrowFunctionExpression') {
      return [this.#source.indexOf('(', (node.id as Node | null)?.end ?? node.start)]
    }
    const afterAsync = /^async\s*/.exec(this.#source.slice(node.start, node.start + 100))
    if (node.async !== true || afterAsync === null) return [node.start]
    return [node.start, node.start + afterAsync[0].length]
  }

  #statement(node: AnyNode): void {
    const body = this.#body
    switch (node.type) {
      case 'ReturnStatement':
        this.#visit(node.argument)
        if (body.isAsyncGenerator && isNode(node.argument)) {
          this.#body.point('await', node.argument.start)
        }
        body.isDead = true
        return
      case 'ThrowStatement':
        this.#visit(node.argument)
        body.isDead = true
        return
      case 'BreakStatement':
      case 'ContinueStatement': {
        const label = (node.label as { name: string } | null)?.name
        this.#body.jump({ kind: node.type === 'BreakStatement' ? 'break' : 'continue', label })
        body.isDead = true
        return
      }
      case 'LabeledStatement':
        this.#labelled(node)
        return
      case 'IfStatement':
        this.#branches(node)
        return
      case 'SwitchStatement':
        this.#switch(node)
        return
      case 'TryStatement':
        this.#try(node)
        return
      case 'ForStatement':
        this.#visit(node.init)
        this.#loop(node, [node.test], [node.body], [node.update])
        return
      case 'WhileStatement':
        this.#loop(node, [node.test], [node.body], [])
        return
      case 'DoWhileStatement':
        this.#loop(node, [], [node.body], [node.test])
        return
      case 'ForInStatement':
      case 'ForOfStatement':
        this.#forEach(node)
        return
      case 'BlockStatement':
        this.#list(node.body)
        return
      default:
        this.#children(node)
    }
  }

  #labelled(node: AnyNode): void {
    const inner = node.body as AnyNode
    this.#body.labels.push((node.label as AnyNode).name as string)
    const takesLabel = /^(For|While|DoWhile|Switch|Labeled)/.test(inner.type)
    if (takesLabel) this.#visit(inner)
    else this.#body.scoped('block', () => this.#visit(inner))
    this.#body.labels = []
  }

  #branches({ test, consequent, alternate }: AnyNode): void {
    const known = truth(test)
    if (known !== undefined) {
      this.#visit(known ? consequent : alternate)
      return
    }
    this.#visit(test)
    const isDeadBefore = this.#body.isDead
    const { isTrue, isFalse } = outcomes(test)
    this.#body.isDead ||= !isTrue
    this.#visit(consequent)
    const isDead = this.#body.isDead
    this.#body.isDead = isDeadBefore || !isFalse
    this.#visit(alternate)
    this.#body.isDead &&= isDead
  }

  #loop(node: AnyNode, before: unknown[], body: unknown[], after: unknown[]): void {
    const known = node.test === null ? true : truth(node.test)
    if (known === false && node.type !== 'DoWhileStatement') return
    this.#body.scoped('loop', (scope) => {
      for (const part of before) if (known === undefined) this.#visit(part)
      for (const part of body) this.#visit(part)
      if (scope.isContinued) this.#body.isDead = false
      const isDead = this.#body.isDead
      for (const part of after) if (part !== node.test || known === undefined) this.#visit(part)
      // A test at the beginning ends the loop, one at the end only if it is come to.
      const { isFalse } = node.test === null ? { isFalse: false } : outcomes(node.test)
      this.#body.isDead = !isFalse || (node.type === 'DoWhileStatement' && isDead)
    })
  }

  #forEach({ type, left, right, body, await: isAwaiting }: AnyNode): void {
    this.#visit(right)
    this.#body.scoped('loop', () => {
      const target = left as AnyNode
      const [declared] = (target.declarations as AnyNode[] | undefined) ?? []
      const each = (declared?.id ?? target) as AnyNode
      if (isAwaiting === true) this.#body.point('await', each.start)
      this.#visit(left)
      this.#visit(body)
      this.#body.isDead = false
    })
    // Where the loop is left early, the iterator's `return` is awaited.
    if (type === 'ForOfStatement' && isAwaiting === true) {
      this.#body.point('await', (right as Node).start)
    }
  }

  #switch({ discriminant, cases }: AnyNode): void {
    const all = cases as AnyNode[]
    this.#visit(discriminant)
    for (const each of all) this.#visit(each.test)
    this.#body.scoped('switch', () => {
      for (const each of all) {
        this.#body.isDead = false
        this.#list(each.consequent)
      }
      if (!all.some(({ test }) => test === null)) this.#body.isDead = false
    })
  }

  #try({ block, handler, finalizer }: AnyNode): void {
    if (!isNode(finalizer)) {
      this.#tryCatch(block, handler)
      return
    }
    let jumps: readonly Jump[] = []
    this.#body.scoped('finally', ({ deferred }) => {
      this.#tryCatch(block, handler)
      jumps = deferred
    })
    const isDead = this.#body.isDead
    this.#body.isDead = false
    this.#visit(finalizer)
    const isDeadAtEnd = this.#body.isDead
    // V8's table of these jumps makes them appear reachable even behind a `throw`.
    this.#body.isDead = false
    for (const jump of jumps) this.#body.jump(jump)
    this.#body.isDead = isDead || isDeadAtEnd
  }

  #tryCatch(block: unknown, handler: unknown): void {
    this.#visit(block)
    if (!isNode(handler)) return
    const isDead = this.#body.isDead
    this.#body.isDead = false
    this.#visit(handler.param)
    this.#visit(handler.body)
    this.#body.isDead &&= isDead
  }

  #expression(node: AnyNode): void {
    switch (node.type) {
      case 'AwaitExpression':
        this.#visit(node.argument)
        this.#body.point('await', node.start)
        return
      case 'YieldExpression':
        this.#yield(node)
        return
      case 'AssignmentExpression':
      case 'AssignmentPattern':
        // A pattern is taken apart once there is a value.
        if (/Pattern$/.test((node.left as Node).type)) this.#each(node.right, node.left)
        else this.#each(node.left, node.right)
        return
      case 'VariableDeclaration':
        if (/using/.test(node.kind as string)) this.#body.usesDisposal = true
        this.#children(node)
        return
      case 'VariableDeclarator':
        this.#each(node.init, node.id)
        return
      case 'ConditionalExpression': {
        const known = truth(node.test)
        if (known === undefined) this.#each(node.test, node.consequent, node.alternate)
        else this.#visit(known ? node.consequent : node.alternate)
        return
      }
      case 'LogicalExpression':
        this.#visit(node.left)
        if (!skipsRight(node)) this.#visit(node.right)
        return
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node)
        return
      default:
        this.#children(node)
    }
  }

  /** Of an async generator: a `throw` and a `return` that the other one lacks, its `next`, and the yield itself. */
  #yield({ start, argument, delegate }: AnyNode): void {
    this.#visit(argument)
    if (delegate === true && this.#body.isAsyncGenerator) {
      for (let count = 0; count < 3; count++) this.#body.point('await', start)
    }
    this.#body.point('yield', start)
  }

  /** Initialisers of fields and static blocks are functions of their own, without suspend points. */
  #class({ id, superClass, body }: AnyNode): void {
    this.#visit(superClass)
    const outer = this.#body
    for (const member of (body as AnyNode).body as AnyNode[]) {
      if (member.computed === true) this.#visit(member.key)
      this.#className = (id as { name?: string } | null)?.name ?? ''
      if (!isNode(member.value) || !isFunction(member.value)) this.#body = new WalkedBody(false)
      if (member.type === 'StaticBlock') this.#list(member.body)
      else this.#visit(member.value)
      this.#body = outer
      this.#className = ''
    }
  }

  #each(...nodes: unknown[]): void {
    for (const node of nodes) this.#visit(node)
  }

  #children(node: AnyNode): void {
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) this.#each(...value)
      else this.#visit(value)
    }
  }
}
