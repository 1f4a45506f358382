import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Decimal, ENCODED, errorCode, schema } from '../../../runtime/api/index.ts'
import type { Converter, EncodedValue, Schema, ByteWriter } from '../../../runtime/api/index.ts'
import { ByteArrayConverter } from '../../../runtime/converters/byte-array-converter.ts'
import { headerConverterOf } from '../../../runtime/converters/header-via-converter.ts'
import { JsonConverter } from '../../../runtime/converters/json-converter.ts'
import {
  BooleanConverter,
  DoubleConverter,
  FloatConverter,
  IntegerConverter,
  LongConverter,
  ShortConverter,
} from '../../../runtime/converters/number-converters.ts'
import { SimpleHeaderConverter } from '../../../runtime/converters/simple-header-converter.ts'
import { StringConverter } from '../../../runtime/converters/string-converter.ts'

function made<T extends Converter>(of: new () => T, props = {}): T {
  const converter = new of()
  converter.configure(props, false)
  return converter
}

const encoded = (value: unknown): EncodedValue => ({
  [ENCODED]: true,
  schema: undefined,
  decode: () => value,
  writeJson: (out: ByteWriter) => out.ascii('{}'),
})

describe('StringConverter', () => {
  const converter = made(StringConverter)

  it('writes the text of any value, and tombstones as null', () => {
    const struct = schema.struct({ a: schema.int32(), b: schema.string({ optional: true }), c: schema.float64() })
    const table: readonly (readonly [Schema | undefined, unknown, string])[] = [
      [undefined, 'ü', 'ü'],
      [undefined, 5, '5'],
      [schema.float64(), 5, '5.0'],
      [undefined, 5n, '5'],
      [undefined, true, 'true'],
      [undefined, new Decimal(15n, 1), '1.5'],
      [undefined, [1, 'a', null], '[1, a, null]'],
      [undefined, { a: 1, b: 'x' }, '{a=1, b=x}'],
      [undefined, new Map([['a', 1]]), '{a=1}'],
      [struct, { a: 1, b: null, c: 2 }, 'Struct{a=1,c=2.0}'],
      [undefined, encoded({ a: 1 }), '{a=1}'],
    ]
    for (const [of, value, text] of table)
      assert.equal(Buffer.from(converter.fromConnectData('t', of, value)!).toString(), text)
    assert.equal(converter.fromConnectData('t', undefined, null), null)
  })

  it('reads optional strings', () => {
    assert.deepEqual(converter.toConnectData('t', Buffer.from('é')), {
      schema: schema.string({ optional: true }),
      value: 'é',
    })
    assert.equal(converter.toConnectData('t', null).value, null)
  })

  it('has other encodings', () => {
    const latin = made(StringConverter, { 'converter.encoding': 'ISO-8859-1' })
    assert.deepEqual(latin.fromConnectData('t', undefined, 'é'), Buffer.from([0xe9]))
    assert.throws(() => made(StringConverter, { 'converter.encoding': 'EBCDIC' }), /one of UTF-8/)
  })
})

describe('ByteArrayConverter', () => {
  it('moves bytes and refuses anything else', () => {
    const converter = made(ByteArrayConverter)
    const bytes = Buffer.from([1, 2])
    assert.equal(converter.fromConnectData('t', undefined, bytes), bytes)
    assert.equal(converter.toConnectData('t', bytes).value, bytes)
    assert.equal(converter.fromConnectData('t', schema.bytes(), null), null)
    assert.throws(
      () => converter.fromConnectData('t', schema.string(), 'x'),
      /Invalid schema type for ByteArrayConverter: STRING/,
    )
    assert.throws(
      () => converter.fromConnectData('t', undefined, 'x'),
      (error: Error) => errorCode(error) === 'DATA',
    )
  })
})

describe('number converters', () => {
  it('are big-endian and of fixed size', () => {
    const table: readonly (readonly [new () => Converter, unknown, string])[] = [
      [BooleanConverter, true, '01'],
      [ShortConverter, -2, 'fffe'],
      [IntegerConverter, 258, '00000102'],
      [LongConverter, 9007199254740993n, '0020000000000001'],
      [FloatConverter, 1.5, '3fc00000'],
      [DoubleConverter, -1.5, 'bff8000000000000'],
    ]
    for (const [of, value, hex] of table) {
      const converter = made(of)
      const bytes = converter.fromConnectData('t', undefined, value)!
      assert.equal(Buffer.from(bytes).toString('hex'), hex)
      const back = converter.toConnectData('t', bytes)
      assert.equal(back.value, value)
      assert.equal(back.schema?.optional, true)
      assert.equal(converter.fromConnectData('t', undefined, null), null)
      assert.equal(converter.toConnectData('t', null).value, null)
      assert.throws(
        () => converter.toConnectData('t', Buffer.alloc(3)),
        (error: Error) => errorCode(error) === 'DATA',
      )
      assert.throws(
        () => converter.fromConnectData('t', undefined, {}),
        (error: Error) => errorCode(error) === 'DATA',
      )
    }
    assert.throws(
      () => made(ShortConverter).fromConnectData('t', undefined, 70_000),
      /Failed to serialize to short \(was class java.lang.Long\): /,
    )
    assert.throws(
      () => made(LongConverter).toConnectData('t', Buffer.from('short')),
      (error: Error) =>
        error.message === 'Failed to deserialize long: ' &&
        (error.cause as Error).message === '8 bytes are expected, there are 5',
    )
  })
})

describe('header converters', () => {
  it('guess types from text, and write it', () => {
    const converter = new SimpleHeaderConverter()
    assert.equal(Buffer.from(converter.fromConnectHeader('t', 'k', schema.float64(), 1)!).toString(), '1.0')
    assert.equal(converter.fromConnectHeader('t', 'k', undefined, null), null)
    assert.deepEqual(converter.toConnectHeader('t', 'k', Buffer.from('5')), { schema: schema.int8(), value: 5 })
    assert.equal(converter.toConnectHeader('t', 'k', null).value, null)
  })

  it('are record converters too', () => {
    const converter = new (headerConverterOf(JsonConverter))()
    converter.configure({ 'schemas.enable': 'false' })
    const bytes = converter.fromConnectHeader('t', 'k', undefined, 'x')
    assert.equal(Buffer.from(bytes!).toString(), '"x"')
    assert.equal(converter.toConnectHeader('t', 'k', bytes).value, 'x')
  })
})
