/** Lets Node import the TypeScript of src/ and test/: `node --import ./test/loader/register.mjs FILE.ts`. */
import { register } from 'node:module'

register('./strip-types.mjs', import.meta.url)
