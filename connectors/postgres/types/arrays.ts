import { createHash } from 'node:crypto'
import { schema, withAttributes } from 'naru/api'
import type { ValueCodec } from './value-codec.ts'
import { textCodec } from './value-codec.ts'

export type ArrayText = readonly (string | null | ArrayText)[]

/** An array as array_out writes it: `{a,"b \"c\"",NULL}`, nested, perhaps after `[0:2]=`. */
export function parseArray(text: string): ArrayText {
  let at = text.indexOf('{')
  const level = (): ArrayText => {
    at++ // the brace
    const items: (string | null | ArrayText)[] = []
    while (text[at] !== '}') {
      if (text[at] === '{') items.push(level())
      else if (text[at] === '"') items.push(quoted())
      else items.push(bare())
      if (text[at] === ',') at++
    }
    at++
    return items
  }
  const quoted = (): string => {
    let value = ''
    let from = ++at
    for (; text[at] !== '"'; at++) {
      if (text[at] !== '\\') continue
      value += text.slice(from, at)
      from = ++at
    }
    return value + text.slice(from, at++)
  }
  const bare = (): string | null => {
    const from = at
    while (text[at] !== ',' && text[at] !== '}') at++
    const value = text.slice(from, at)
    return value === 'NULL' ? null : value
  }
  return level()
}

/**
 * One-dimensional arrays. An inner array has no place in the schema and becomes null, as in Debezium. Items are optional,
 * except those of enums and of types shown as unknown bytes.
 */
export function arrayCodec(
  element: ValueCodec,
  options: { readonly requiredItems?: boolean; readonly unavailable: unknown },
): ValueCodec {
  const items = options.requiredItems === true ? element.schema : withAttributes(element.schema, { optional: true })
  const itemOf = (item: string | null | ArrayText): unknown => {
    if (typeof item !== 'string') return null
    if (element.form === 'string') return item
    const bytes = Buffer.from(item, 'utf8')
    return element.decode(bytes, 0, bytes.length)
  }
  return textCodec({
    schema: schema.array(items),
    fallback: [],
    unavailable: options.unavailable,
    parse: (text) => parseArray(text).map(itemOf),
  })
}

/** What marks an unchanged array: the placeholder as one element, its bytes as integers, or a UUID made of it. */
export function unavailableArray(element: ValueCodec, elementType: string, placeholder: Buffer): unknown {
  switch (elementType) {
    case 'int2':
    case 'int4':
    case 'date':
      return element.schema.type === 'STRING' || element.schema.type === 'STRUCT' ? [] : [...placeholder]
    case 'int8':
      return [...placeholder].map(BigInt)
    case 'uuid':
      return [nameBasedUuid(placeholder)]
    default:
      return element.unavailable === null ? [] : [element.unavailable]
  }
}

/** java.util.UUID.nameUUIDFromBytes: version 3 without a name space. */
export function nameBasedUuid(name: Buffer): string {
  const digest = createHash('md5').update(name).digest()
  digest[6] = (digest[6]! & 0x0f) | 0x30
  digest[8] = (digest[8]! & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
