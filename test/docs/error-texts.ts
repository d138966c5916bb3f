// The fixed parts of all messages that the sources can say, found in their syntax trees.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { checkout } from '../fixtures/support/checkout.ts'

export interface ErrorText {
  /** `targets/connect.ts:41` */
  readonly place: string
  /** What stands between the values that are put in; empty where all of it comes from elsewhere. */
  readonly parts: readonly string[]
}

const errorClass = /^(Target|Inspector|Capture|Input)Error$/

export function errorTexts(): readonly ErrorText[] {
  const folder = join(checkout, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.filter((name) => name.endsWith('.ts')).flatMap((name) => textsOf(folder, name))
}

function textsOf(folder: string, name: string): readonly ErrorText[] {
  const written = readFileSync(join(folder, name), 'utf8')
  const file = ts.createSourceFile(name, written, ts.ScriptTarget.Latest, true)
  const found: ErrorText[] = []
  const visit = (node: ts.Node): void => {
    const message = messageIn(node)
    if (message !== undefined) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart())
      found.push({ place: `${name}:${line + 1}`, parts: partsOf(message) })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** The message of a new error, of a refusal, or of a check that fails. */
function messageIn(node: ts.Node): ts.Expression | undefined {
  if (ts.isNewExpression(node) && errorClass.test(node.expression.getText())) {
    return node.arguments?.[1]
  }
  if (ts.isCallExpression(node) && node.expression.getText() === 'refuse') return node.arguments[0]
  if (!ts.isObjectLiteralExpression(node)) return undefined
  const [ok, detail] = ['ok', 'detail'].map((key) => property(node, key))
  return ok?.kind === ts.SyntaxKind.FalseKeyword ? detail : undefined
}

function property(node: ts.ObjectLiteralExpression, key: string): ts.Expression | undefined {
  const found = node.properties.find((one) => one.name?.getText() === key)
  if (found === undefined) return undefined
  if (ts.isPropertyAssignment(found)) return found.initializer
  return ts.isShorthandPropertyAssignment(found) ? found.name : undefined
}

function partsOf(node: ts.Expression): readonly string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (ts.isTemplateExpression(node)) {
    return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
  }
  if (ts.isConditionalExpression(node)) {
    return [...partsOf(node.whenTrue), ...partsOf(node.whenFalse)]
  }
  if (ts.isBinaryExpression(node)) return [...partsOf(node.left), ...partsOf(node.right)]
  return ts.isIdentifier(node) ? partsOfVariable(node) : []
}

/** Of the last variable of that name that was declared before, in the narrowest scope that has one. */
function partsOfVariable(use: ts.Identifier): readonly string[] {
  for (let scope: ts.Node = use.parent; ; scope = scope.parent) {
    const before = declarationsIn(scope, use.text).filter(({ pos }) => pos < use.pos)
    const last = before.at(-1)
    if (last !== undefined) return partsOf(last)
    if (ts.isSourceFile(scope)) return []
  }
}

function declarationsIn(scope: ts.Node, name: string): readonly ts.Expression[] {
  const found: ts.Expression[] = []
  const visit = (node: ts.Node): void => {
    const isIt = ts.isVariableDeclaration(node) && node.name.getText() === name
    if (isIt && node.initializer) found.push(node.initializer)
    ts.forEachChild(node, visit)
  }
  visit(scope)
  return found
}
