import { DataError, schema } from 'naru/api'
import { jsonString } from './json-text.ts'
import type { TypeOptions } from './type-options.ts'
import type { ValueCodec } from './value-codec.ts'
import { textCodec } from './value-codec.ts'

const PAIR = /\s*"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)(?:,|$)/gy

/** `"a"=>"1", "b"=>NULL` */
export function parseHstore(text: string): ReadonlyMap<string, string | null> {
  const entries = new Map<string, string | null>()
  PAIR.lastIndex = 0
  let end = 0
  for (let match = PAIR.exec(text); match !== null && match[0] !== ''; match = PAIR.exec(text)) {
    entries.set(unescaped(match[1]!), match[2] === undefined ? null : unescaped(match[2]))
    end = PAIR.lastIndex
  }
  if (end !== text.length) throw new DataError(`not an hstore: ${text}`)
  return entries
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1')
}

export function hstoreCodec(options: TypeOptions): ValueCodec {
  const placeholder = options.placeholder.toString('utf8')
  if (options.hstoreMode === 'map') {
    return textCodec({
      schema: schema.map(schema.string(), schema.string({ optional: true })),
      fallback: new Map(),
      unavailable: new Map([[placeholder, placeholder]]),
      parse: parseHstore,
    })
  }
  const json = (entries: ReadonlyMap<string, string | null>) =>
    `{${[...entries].map(([key, value]) => `${jsonString(key)}:${value === null ? 'null' : jsonString(value)}`).join(',')}}`
  return textCodec({
    schema: schema.string({ name: 'io.debezium.data.Json', version: 1 }),
    fallback: '{}',
    unavailable: json(new Map([[placeholder, placeholder]])),
    parse: (text) => json(parseHstore(text)),
  })
}
