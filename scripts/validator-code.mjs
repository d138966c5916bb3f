// For esbuild: src/config/settings-validator.ts as the code that ajv makes of the schema, so that no start
// has to (https://ajv.js.org/standalone.html).
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('../src/config/', import.meta.url))

/** What makes the code; esbuild reads TypeScript, Node does not. */
const maker = `
import { _ } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { configSchema } from './schema.ts'
import { settingsAjv } from './settings-validator.ts'

const ajv = settingsAjv({ source: true, esm: true, formats: _\`settingsFormats\` })
export const code = standalone.default(ajv, ajv.compile(configSchema))
`

export const validatorCode = {
  name: 'validator-code',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]config[/\\]settings-validator\.ts$/ }, async () => ({
      contents: `import { settingsFormats } from './settings-formats.ts'
${await makeCode()}
export { validate as validateSettings }`,
      loader: 'js',
      resolveDir: folder,
    }))
  },
}

async function makeCode() {
  const { outputFiles } = await build({
    stdin: { contents: maker, loader: 'ts', resolveDir: folder },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
    // What ajv, which is CommonJS, asks for while it is loaded.
    banner: {
      js: `import{createRequire}from'node:module';const require=createRequire(${JSON.stringify(folder)});`,
    },
  })
  const url = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  return (await import(url)).code
}
