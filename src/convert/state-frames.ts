/** fgtrace's virtual frames, which show what a goroutine was doing while its stack stood so. */
export const stateFrameForms = ['root', 'leaf', 'no'] as const

export type StateFrameForm = (typeof stateFrameForms)[number]

/** `stack`: the leaf first. */
export function withStateFrame(
  stack: readonly string[],
  state: string,
  form: StateFrameForm,
): readonly string[] {
  if (form === 'no') return stack
  return form === 'root' ? [...stack, state] : [state, ...stack]
}
