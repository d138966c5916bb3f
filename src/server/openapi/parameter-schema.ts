/** What OpenAPI calls the parameters that routes declare. */
import type { DeclaredParameter } from '../declared-parameters.ts'

export function queryParameter(name: string, parameter: DeclaredParameter): object {
  const isList = parameter.kind === 'words'
  return {
    name,
    in: 'query',
    description: parameter.description,
    ...(isList ? { style: 'form', explode: false } : {}),
    schema: schemaOf(parameter),
  }
}

function schemaOf(parameter: DeclaredParameter): object {
  switch (parameter.kind) {
    case 'whole number': {
      const { min: minimum, max: maximum, fallback } = parameter
      return { type: 'integer', minimum, maximum, default: fallback }
    }
    case 'decimal': {
      const { above: exclusiveMinimum, max: maximum, fallback } = parameter
      return { type: 'number', exclusiveMinimum, maximum, default: fallback }
    }
    case 'delta':
      return { type: 'integer', minimum: parameter.min, maximum: parameter.max }
    case 'any integer':
      return { type: 'integer', default: parameter.fallback }
    case 'flag':
      return { type: 'integer', enum: [0, 1], default: parameter.fallback ? 1 : 0 }
    case 'choice':
      return { type: 'string', enum: parameter.choices, default: parameter.fallback }
    case 'words': {
      const items = { type: 'string', enum: parameter.choices }
      return { type: 'array', items, default: parameter.fallback }
    }
    case 'text':
      return parameter.fallback === undefined
        ? { type: 'string' }
        : { type: 'string', default: parameter.fallback }
  }
}
