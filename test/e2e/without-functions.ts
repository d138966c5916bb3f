// A profile.proto message with everything removed that names functions, as a native profiler
// writes it: https://github.com/google/pprof/blob/main/proto/profile.proto

const profile = { mapping: 3, location: 4, function: 5 }
const location = { line: 4 }
/** has_functions to has_inline_frames. */
const mappingFlags = [7, 8, 9, 10]

export function withoutFunctions(message: Uint8Array): Uint8Array {
  const parts = [...fields(message)]
    .filter(({ number }) => number !== profile.function)
    .map((field) => {
      if (field.number === profile.mapping) return without(field, mappingFlags)
      return field.number === profile.location ? without(field, [location.line]) : field.bytes
    })
  return Buffer.concat(parts)
}

interface Field {
  readonly number: number
  /** The whole field, with its key. */
  readonly bytes: Uint8Array
  /** What is in it, where it is a message. */
  readonly content: Uint8Array
}

function without(field: Field, numbers: readonly number[]): Uint8Array {
  const kept = [...fields(field.content)].filter(({ number }) => !numbers.includes(number))
  const content = Buffer.concat(kept.map(({ bytes }) => bytes))
  // Messages here are far below 16 KiB: two bytes of length are enough.
  const length = [(content.length & 0x7f) | 0x80, content.length >> 7]
  return Buffer.concat([Buffer.from([(field.number << 3) | 2, ...length]), content])
}

function* fields(message: Uint8Array): Generator<Field> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 128) return value
    }
  }
  while (at < message.length) {
    const start = at
    const key = varint()
    // profile.proto has varints (0) and messages (2) only.
    const length = key % 8 === 2 ? varint() : 0
    const contentAt = at
    if (key % 8 === 2) at += length
    else varint()
    yield {
      number: Math.floor(key / 8),
      bytes: message.subarray(start, at),
      content: message.subarray(contentAt, at),
    }
  }
}
