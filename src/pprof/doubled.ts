/** The items, with room for as many more. */
export function doubled(items: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(items.length * 2)
  copy.set(items)
  return copy
}
