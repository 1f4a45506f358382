import type { Reader } from './reader.ts'
import { MalformedError } from './reader.ts'
import { Writer } from './writer.ts'

/**
 * The little language in which the tables of messages/*.ts are written: each field says its type and the versions that carry it; a table
 * bound to a version becomes a reader and a writer.
 */
export interface FieldOptions {
  /** First version that carries the field; default 0. */
  readonly from?: number
  /** Last version that carries it. */
  readonly to?: number
  /** First version in which it may be null. */
  readonly nullable?: number
  /** The value when a version does not carry it, or the writer leaves it out. */
  readonly default?: unknown
  /** Carried as a tagged field (KIP-482) under this number. */
  readonly tag?: number
}

/** One value on the wire, bound to a version. */
interface Codec {
  read(reader: Reader): unknown
  write(writer: Writer, value: unknown): void
}

type Bind = (version: number, flexible: boolean, nullable: boolean) => Codec

/** `In` is what a writer must give, `Out` what a reader gets; `Optional`: a writer may leave it out. */
export interface Field<Out, In, Optional extends boolean> {
  readonly options: FieldOptions
  readonly zero: unknown
  readonly bind: Bind
  readonly out?: Out
  readonly in?: In
  readonly optional?: Optional
}

export type Fields = Readonly<Record<string, Field<unknown, unknown, boolean>>>

type Simplify<T> = { readonly [K in keyof T]: T[K] }
export type Message<F extends Fields> = Simplify<{
  [K in keyof F]: F[K] extends Field<infer Out, infer _In, infer _O> ? Out : never
}>
export type MessageInput<F extends Fields> = Simplify<
  {
    [K in keyof F as F[K] extends Field<infer _Out, infer _In, false> ? K : never]: F[K] extends Field<
      infer _Out,
      infer In,
      infer _O
    >
      ? In
      : never
  } & {
    [K in keyof F as F[K] extends Field<infer _Out, infer _In, false> ? never : K]?:
      (F[K] extends Field<infer _Out, infer In, infer _O> ? In : never) | undefined
  }
>

type OrNull<T, O> = O extends { readonly nullable: number } ? T | null : T
type IsOptional<O> = O extends
  | { readonly from: number }
  | { readonly to: number }
  | { readonly nullable: number }
  | { readonly default: unknown }
  | { readonly tag: number }
  ? true
  : false

function primitive<Out, In = Out>(zero: Out, bind: Bind) {
  return <const O extends FieldOptions = Record<never, never>>(
    options?: O,
  ): Field<OrNull<Out, O>, OrNull<In, O>, IsOptional<O>> => ({ options: options ?? {}, zero, bind })
}

/** A codec that is the same in every version. */
function fixed<T>(read: (reader: Reader) => T, write: (writer: Writer, value: T) => void): Bind {
  const codec: Codec = { read, write: (writer, value) => write(writer, value as T) }
  return () => codec
}

export const bool = primitive<boolean>(
  false,
  fixed(
    (r) => r.bool(),
    (w, v) => w.bool(v),
  ),
)
export const int8 = primitive<number>(
  0,
  fixed(
    (r) => r.int8(),
    (w, v) => w.int8(v),
  ),
)
export const int16 = primitive<number>(
  0,
  fixed(
    (r) => r.int16(),
    (w, v) => w.int16(v),
  ),
)
export const int32 = primitive<number>(
  0,
  fixed(
    (r) => r.int32(),
    (w, v) => w.int32(v),
  ),
)
/** A safe integer. */
export const int64 = primitive<number>(
  0,
  fixed(
    (r) => r.int64(),
    (w, v) => w.int64(v),
  ),
)
/** 22 characters of URL-safe base64, as Kafka prints it. */
export const NIL_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
export const uuid = primitive<string>(
  NIL_UUID,
  fixed(
    (r) => r.uuid(),
    (w, v) => w.uuid(v),
  ),
)

export const string = primitive<string>('', (_version, flexible, nullable) => ({
  read: (reader) => {
    const length = reader.stringLength(flexible)
    if (length >= 0) return reader.utf8(length)
    if (nullable) return null
    throw new MalformedError('null in place of a string')
  },
  write: (writer, value) => {
    if (value === null && nullable) return writer.stringLength(-1, flexible)
    const text = (value ?? '') as string
    const length = Buffer.byteLength(text)
    writer.stringLength(length, flexible)
    writer.utf8(text, length)
  },
}))

const EMPTY = Buffer.alloc(0)

export const bytes = primitive<Buffer, Uint8Array>(EMPTY, (_version, flexible, nullable) => ({
  read: (reader) => {
    const length = reader.bytesLength(flexible)
    if (length >= 0) return reader.view(length)
    return nullable ? null : EMPTY
  },
  write: (writer, value) => {
    if (value === null && nullable) return writer.bytesLength(-1, flexible)
    const data = (value ?? EMPTY) as Uint8Array
    writer.bytesLength(data.length, flexible)
    writer.raw(data)
  },
}))

/** Record batches, never copied: read as a view, written from one piece or several. */
export const records = primitive<Buffer, Uint8Array | readonly Uint8Array[]>(EMPTY, (_version, flexible, nullable) => ({
  read: (reader) => {
    const length = reader.bytesLength(flexible)
    if (length >= 0) return reader.view(length)
    return nullable ? null : EMPTY
  },
  write: (writer, value) => {
    if (value === null && nullable) return writer.bytesLength(-1, flexible)
    const pieces = (value instanceof Uint8Array ? [value] : (value ?? [])) as readonly Uint8Array[]
    let length = 0
    for (const piece of pieces) length += piece.length
    writer.bytesLength(length, flexible)
    for (const piece of pieces) writer.raw(piece)
  },
}))

function arrayCodec(element: Codec, flexible: boolean, nullable: boolean): Codec {
  return {
    read: (reader) => {
      const length = reader.arrayLength(flexible)
      if (length < 0) return nullable ? null : []
      const values: unknown[] = []
      for (let i = 0; i < length; i++) values.push(element.read(reader))
      return values
    },
    write: (writer, value) => {
      if (value === null && nullable) return writer.arrayLength(-1, flexible)
      const values = (value ?? []) as readonly unknown[]
      writer.arrayLength(values.length, flexible)
      for (const each of values) element.write(writer, each)
    },
  }
}

/** An array of structs. */
export function array<F extends Fields, const O extends FieldOptions = Record<never, never>>(
  fields: F,
  options?: O,
): Field<OrNull<readonly Message<F>[], O>, OrNull<readonly MessageInput<F>[], O>, IsOptional<O>> {
  return {
    options: options ?? {},
    zero: [],
    bind: (version, flexible, nullable) => arrayCodec(bindFields(fields, version, flexible), flexible, nullable),
  }
}

/** An array of plain values: `list(int32)`. */
export function list<Out, In, const O extends FieldOptions = Record<never, never>>(
  element: () => Field<Out, In, boolean>,
  options?: O,
): Field<OrNull<readonly Out[], O>, OrNull<readonly In[], O>, IsOptional<O>> {
  return {
    options: options ?? {},
    zero: [],
    bind: (version, flexible, nullable) => arrayCodec(element().bind(version, flexible, false), flexible, nullable),
  }
}

/** A struct inside a struct; undefined when the message does not carry it. */
export function struct<F extends Fields, const O extends FieldOptions>(
  fields: F,
  options: O,
): Field<Message<F> | undefined, MessageInput<F>, true> {
  return { options, zero: undefined, bind: (version, flexible) => bindFields(fields, version, flexible) }
}

interface BoundField {
  readonly name: string
  readonly codec: Codec | undefined
  readonly absent: unknown
}

interface TaggedField extends BoundField {
  readonly tag: number
  readonly codec: Codec
}

export function bindFields(fields: Fields, version: number, flexible: boolean): Codec {
  const all: BoundField[] = []
  const tagged: TaggedField[] = []
  for (const [name, field] of Object.entries(fields)) {
    const { from = 0, to = Infinity, nullable, tag } = field.options
    const mayBeNull = nullable !== undefined && version >= nullable
    const absent = 'default' in field.options ? field.options.default : field.zero
    if (version < from || version > to) all.push({ name, codec: undefined, absent })
    else if (tag === undefined) all.push({ name, codec: field.bind(version, flexible, mayBeNull), absent })
    else {
      all.push({ name, codec: undefined, absent })
      tagged.push({ name, codec: field.bind(version, flexible, mayBeNull), absent, tag })
    }
  }
  tagged.sort((a, b) => a.tag - b.tag)
  const present = all.filter((field): field is BoundField & { readonly codec: Codec } => field.codec !== undefined)
  return {
    read: (reader) => {
      const message: Record<string, unknown> = {}
      for (const { name, codec, absent } of all) message[name] = codec === undefined ? absent : codec.read(reader)
      if (flexible) readTags(reader, tagged, message)
      return message
    },
    write: (writer, value) => {
      const message = value as Record<string, unknown>
      for (const { name, codec, absent } of present) {
        const given = message[name]
        codec.write(writer, given === undefined ? absent : given)
      }
      if (flexible) writeTags(writer, tagged, message)
    },
  }
}

function readTags(reader: Reader, tagged: readonly TaggedField[], message: Record<string, unknown>): void {
  for (let left = reader.uvarint(); left > 0; left--) {
    const tag = reader.uvarint()
    const size = reader.uvarint()
    const field = tagged.find((each) => each.tag === tag)
    if (field === undefined) reader.skip(size)
    else message[field.name] = field.codec.read(reader)
  }
}

function writeTags(writer: Writer, tagged: readonly TaggedField[], message: Record<string, unknown>): void {
  const carried = tagged.filter(({ name, absent }) => !isDefault(message[name], absent))
  writer.uvarint(carried.length)
  for (const { tag, name, codec } of carried) {
    const value = new Writer()
    codec.write(value, message[name])
    writer.uvarint(tag)
    writer.uvarint(value.length)
    writer.append(value)
  }
}

function isDefault(value: unknown, absent: unknown): boolean {
  return value === undefined || value === absent || (Array.isArray(value) && value.length === 0)
}
