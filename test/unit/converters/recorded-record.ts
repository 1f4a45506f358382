import { isConnectError, plain } from '../../../runtime/api/index.ts'
import type { ConnectRecord, Header, Props, Schema, SchemaAndValue } from '../../../runtime/api/index.ts'
import { parseString } from '../../../runtime/api/index.ts'
import { JsonConverter } from '../../../runtime/converters/json-converter.ts'
import { SimpleHeaderConverter } from '../../../runtime/converters/simple-header-converter.ts'
import type { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'

/** A value as the recordings give it: bytes, schemaless JSON text, or an envelope of JsonConverter. */
export type RecordedValue =
  { readonly bytes: string } | { readonly json: string } | { readonly envelope: unknown } | null

interface Step {
  readonly type: string
  readonly props: Props
  readonly predicate?: string
  readonly predicateProps?: Props
}

/** One thing that was done with Kafka's own classes. */
export type Recorded = { readonly id: string; readonly java: Outcome } & (
  | {
      readonly op: 'transform'
      readonly chain: readonly Step[]
      readonly record: {
        readonly key?: RecordedValue
        readonly value?: RecordedValue
        readonly headers?: readonly { readonly key: string; readonly value: string }[]
        readonly topic?: string
        readonly partition?: number
        readonly timestamp?: number
        readonly source?: 1
      }
    }
  | {
      readonly op: 'read'
      readonly converter: string
      readonly props: Props
      readonly text?: string
      readonly hex?: string
    }
  | { readonly op: 'write'; readonly converter: string; readonly props: Props; readonly value: RecordedValue }
  | { readonly op: 'header-read'; readonly text: string }
  | { readonly op: 'header-write'; readonly value: RecordedValue }
)

export interface Outcome {
  readonly error?: string
  readonly message?: string | null
  readonly [field: string]: unknown
}

function jsonConverter(props: Props): JsonConverter {
  const converter = new JsonConverter()
  converter.configure({ 'converter.type': 'value', ...props })
  return converter
}

const raw = jsonConverter({ 'schemas.enable': 'false' })
const envelopes = jsonConverter({ 'replace.null.with.default': 'false' })

function read(value: RecordedValue | undefined): SchemaAndValue {
  if (value === undefined || value === null) return { schema: undefined, value: null }
  if ('bytes' in value) return { schema: undefined, value: Buffer.from(value.bytes, 'hex') }
  if ('json' in value) return raw.toConnectData('t', Buffer.from(value.json))
  const { envelope } = value
  return envelopes.toConnectData('t', Buffer.from(typeof envelope === 'string' ? envelope : JSON.stringify(envelope)))
}

function written(schema: Schema | undefined, value: unknown): string | null {
  const bytes = envelopes.fromConnectData('t', schema, value)
  return bytes === null ? null : Buffer.from(bytes).toString('utf8')
}

/** The same with our classes. */
export function outcome(of: Recorded, plugins: PluginRegistry): Outcome {
  try {
    return attempt(of, plugins)
  } catch (error) {
    if (!isConnectError(error)) throw error
    return { error: error.name, message: error.message }
  }
}

function attempt(of: Recorded, plugins: PluginRegistry): Outcome {
  switch (of.op) {
    case 'transform':
      return { record: transformed(of, plugins) }
    case 'read': {
      const converter = new (plugins.converter(of.converter))()
      converter.configure(of.props, false)
      const bytes = of.hex === undefined ? of.text : Buffer.from(of.hex, 'hex')
      const { schema, value } = converter.toConnectData('t', bytes === undefined ? null : Buffer.from(bytes as string))
      return { envelope: written(schema, plain(value)), schema: schema?.type ?? null }
    }
    case 'write': {
      const converter = new (plugins.converter(of.converter))()
      converter.configure(of.props, false)
      const { schema, value } = read(of.value)
      const bytes = converter.fromConnectData('t', schema, value)
      return {
        text: bytes === null ? null : Buffer.from(bytes).toString('utf8'),
        hex: bytes === null ? null : Buffer.from(bytes).toString('hex'),
      }
    }
    case 'header-read': {
      const { schema, value } = new SimpleHeaderConverter().toConnectHeader('t', 'h', Buffer.from(of.text))
      return { envelope: written(schema, value), schema: schema?.type ?? null }
    }
    case 'header-write': {
      const { schema, value } = read(of.value)
      const bytes = new SimpleHeaderConverter().fromConnectHeader('t', 'h', schema, value)
      return { text: bytes === null ? null : Buffer.from(bytes).toString('utf8') }
    }
  }
}

function transformed(of: Extract<Recorded, { op: 'transform' }>, plugins: PluginRegistry): unknown {
  const { record: given } = of
  const [key, value] = [read(given.key), read(given.value)]
  const base = {
    topic: given.topic ?? 't',
    keySchema: key.schema,
    key: key.value,
    valueSchema: value.schema,
    value: value.value,
    headers: (given.headers ?? []).map((header): Header => ({ key: header.key, ...parseString(header.value) })),
    timestamp: given.timestamp,
  }
  let record: ConnectRecord | undefined =
    given.source === 1
      ? ({ ...base, partition: given.partition, sourcePartition: { p: 1 }, sourceOffset: { o: 1 } } as never)
      : ({ ...base, partition: given.partition ?? 0, offset: 42 } as never)
  for (const step of of.chain) {
    const transformation = new (plugins.transformation(step.type))()
    transformation.configure(step.props)
    if (step.predicate !== undefined) {
      const predicate = new (plugins.predicate(step.predicate))()
      predicate.configure(step.predicateProps ?? {})
      if (!predicate.test(record!)) continue
    }
    record = transformation.apply(record!)
    if (record === undefined) return null
  }
  const { topic, partition, timestamp, headers } = record!
  return {
    topic,
    ...(partition === undefined ? {} : { partition }),
    ...(timestamp === undefined ? {} : { timestamp }),
    key: written(record!.keySchema, record!.key),
    value: written(record!.valueSchema, record!.value),
    headers: headers.map((header) => ({ key: header.key, value: written(header.schema, header.value) })),
  }
}

/** JSON texts as what they say: the order of a Java hash map is no promise, but every digit is. */
export function comparable(of: unknown): unknown {
  if (typeof of === 'string') return meaning(of)
  if (Array.isArray(of)) return of.map(comparable)
  if (typeof of !== 'object' || of === null) return of
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, comparable(value)]))
}

function meaning(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? `number ${context?.source}` : value,
    )
  } catch {
    return text
  }
}
