// A test for every supported version of Node.
import t, { type Test } from 'tap'
import { type NodeMajor, nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'

/** `title` follows the version; skipped, with the reason, where there is no binary of it. */
export async function onEveryNode(
  title: string,
  run: (t: Test, node: string, major: NodeMajor) => Promise<void>,
  majors: readonly NodeMajor[] = nodeMajors,
): Promise<void> {
  for (const major of majors) {
    const { path, reason } = await nodeBinary(major)
    void t.test(`Node ${major}: ${title}`, { skip: reason ?? false }, (t) =>
      run(t, path ?? '', major),
    )
  }
}
