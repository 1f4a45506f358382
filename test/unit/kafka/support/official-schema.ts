/** Reads the schema notation of the fixture and makes sample bytes from it, without any of the project's own codec. */
export type OfficialType =
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: OfficialType }[] }
  | {
      readonly kind: 'tags'
      readonly fields: readonly { readonly tag: number; readonly name: string; readonly type: OfficialType }[]
    }
  | { readonly kind: 'array'; readonly compact: boolean; readonly nullable: boolean; readonly element: OfficialType }
  | { readonly kind: 'plain'; readonly name: string }

export function parseSchema(text: string): OfficialType {
  let at = 0
  const until = (stop: RegExp): string => {
    const start = at
    while (!stop.test(text[at]!)) at++
    return text.slice(start, at)
  }
  const type = (): OfficialType => {
    if (text[at] === '{') {
      at++
      const fields = []
      while (text[at] !== '}') {
        const name = until(/:/)
        at++
        fields.push({ name, type: type() })
        at++ // the comma
      }
      at++
      return { kind: 'struct', fields }
    }
    if (text.startsWith('TAGS(', at)) {
      at += 5
      const fields = []
      while (text[at] !== ')') {
        const tag = Number(until(/=/))
        at++
        const name = until(/:/)
        at++
        fields.push({ tag, name, type: type() })
        at++
      }
      at++
      return { kind: 'tags', fields }
    }
    const name = until(/[[,)\]}]/)
    if (text[at] !== '[') return { kind: 'plain', name }
    at++
    const element = type()
    at++
    return { kind: 'array', compact: name.startsWith('Compact'), nullable: name.endsWith('?'), element }
  }
  return type()
}

export function sampleBytes(schema: OfficialType, seed: number): { bytes: Buffer; value: unknown } {
  let state = seed * 2654435761
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % below
  }
  const uvarint = (value: number): Buffer => {
    const bytes = []
    for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
    return Buffer.from([...bytes, value])
  }
  const int = (size: number, value: number): Buffer => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64BE(BigInt(value))
    return buffer.subarray(8 - size)
  }
  const lengthBefore = (compact: boolean, size: number, body: Buffer | null): Buffer =>
    compact
      ? Buffer.concat([uvarint(body === null ? 0 : body.length + 1), body ?? Buffer.alloc(0)])
      : Buffer.concat([int(size, body === null ? -1 : body.length), body ?? Buffer.alloc(0)])

  const plain = (name: string): [Buffer, unknown] => {
    const nullable = name.includes('NULLABLE') && random(3) === 0
    const compact = name.startsWith('COMPACT_')
    switch (name.replace('COMPACT_', '').replace('NULLABLE_', '')) {
      case 'BOOLEAN': {
        const value = random(2) === 1
        return [int(1, Number(value)), value]
      }
      case 'INT8': {
        const value = 2 + random(120)
        return [int(1, value), value]
      }
      case 'INT16': {
        const value = -2 - random(30000)
        return [int(2, value), value]
      }
      case 'INT32': {
        const value = 2 + random(2 ** 24)
        return [int(4, value), value]
      }
      case 'INT64': {
        const value = (random(2) === 0 ? -1 : 1) * (2 + random(2 ** 24) * 2 ** 20 + random(2 ** 20))
        return [int(8, value), value]
      }
      case 'UUID': {
        const value = Buffer.from(Array.from({ length: 16 }, () => 1 + random(255)))
        return [value, value.toString('base64url')]
      }
      case 'STRING': {
        const value = nullable ? null : 'ü€x'.repeat(1 + random(60))
        return [lengthBefore(compact, 2, value === null ? null : Buffer.from(value)), value]
      }
      case 'BYTES':
      case 'RECORDS': {
        const value = nullable ? null : Buffer.alloc(1 + random(2000), random(256))
        return [lengthBefore(compact, 4, value), value]
      }
      default:
        throw new Error(`the fixture has a type ${name} this generator does not know`)
    }
  }

  const camel = (name: string): string =>
    name.replace('v3_and_below_', 'v3_').replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

  const make = (type: OfficialType): [Buffer, unknown] => {
    switch (type.kind) {
      case 'plain':
        return plain(type.name)
      case 'array': {
        if (type.nullable && random(3) === 0) return [type.compact ? uvarint(0) : int(4, -1), null]
        const items = Array.from({ length: 1 + random(3) }, () => make(type.element))
        const count = type.compact ? uvarint(items.length + 1) : int(4, items.length)
        return [Buffer.concat([count, ...items.map(([bytes]) => bytes)]), items.map(([, value]) => value)]
      }
      case 'tags':
        throw new Error('tags are read with their struct')
      case 'struct': {
        const pieces: Buffer[] = []
        const value: Record<string, unknown> = {}
        for (const field of type.fields) {
          if (field.type.kind !== 'tags') {
            const [bytes, item] = make(field.type)
            pieces.push(bytes)
            value[camel(field.name)] = item
            continue
          }
          // a null or false tagged value may be the default, which is not written: leave those out
          const tags = field.type.fields.map((tag) => ({ tag, made: make(tag.type) }))
          const carried = tags.filter(({ made: [, item] }) => item !== null && item !== false)
          pieces.push(uvarint(carried.length))
          for (const { tag, made } of carried) {
            pieces.push(uvarint(tag.tag), uvarint(made[0].length), made[0])
            value[camel(tag.name)] = made[1]
          }
        }
        return [Buffer.concat(pieces), value]
      }
    }
  }
  const [bytes, value] = make(schema)
  return { bytes, value }
}
