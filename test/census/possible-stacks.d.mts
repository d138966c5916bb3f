/** See possible-stacks.mjs, which the benchmark runs as it is. */
export function isPossible(stack: string): boolean
