import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { convertToString, DATE, Decimal, parseString, schema, TIME, TIMESTAMP } from '../../../runtime/api/index.ts'
import type { Schema } from '../../../runtime/api/index.ts'

function kind(of: Schema | undefined): string {
  return of === undefined ? 'null' : (of.name ?? of.type)
}

describe('reading values from text', () => {
  it('guesses scalars as Connect does', () => {
    const table: readonly (readonly [string, string, unknown])[] = [
      ['', 'STRING', ''],
      ['null', 'null', null],
      [' null ', 'null', null],
      ['nullx', 'STRING', 'nullx'],
      ['true', 'BOOLEAN', true],
      ['true}', 'STRING', 'true}'],
      ['1', 'INT8', 1],
      ['-128', 'INT8', -128],
      ['+5', 'INT8', 5],
      ['1.0', 'INT8', 1],
      ['1e3', 'INT16', 1000],
      ['40000', 'INT32', 40000],
      ['3000000000', 'INT64', 3000000000n],
      ['1.5', 'FLOAT32', 1.5],
      ['1e40', 'FLOAT64', 1e40],
      ['\u0661\u0662', 'INT8', 12],
      ['10:30', 'INT8', 10],
      ['5,6', 'INT8', 5],
      ['1}', 'INT8', 1],
      ['-', 'STRING', '-'],
      ['127.0.0.1:8080', 'STRING', '127.0.0.1:8080'],
      ['hello, world', 'STRING', 'hello, world'],
      ['"quoted"', 'STRING', '"quoted"'],
      ['[a]', 'STRING', '[a]'],
      ['{a:1}', 'STRING', '{a:1}'],
      ['[1,null]', 'STRING', '[1,null]'],
      ['[,1]', 'STRING', '[,1]'],
      ['[1', 'STRING', '[1'],
      ['[1 2]', 'STRING', '[1 2]'],
      ['{null:1}', 'STRING', '{null:1}'],
    ]
    for (const [text, type, value] of table) {
      const parsed = parseString(text)
      assert.deepEqual([kind(parsed.schema), parsed.value], [type, value], text)
    }
  })

  it('finds times, dates and timestamps', () => {
    const table: readonly (readonly [string, string, number])[] = [
      ['2024-02-29', DATE, Date.UTC(2024, 1, 29)],
      ['10:30:00.000Z', TIME, 37_800_000],
      ['2024-02-29T10:30:00.123Z', TIMESTAMP, Date.UTC(2024, 1, 29, 10, 30, 0, 123)],
    ]
    for (const [text, name, millis] of table) {
      const parsed = parseString(text)
      assert.equal(parsed.schema?.name, name, text)
      assert.equal((parsed.value as Date).getTime(), millis, text)
    }
  })

  it('makes a Decimal of what no other number holds', () => {
    const parsed = parseString('9223372036854775808')
    assert.deepEqual(parsed.value, new Decimal(9223372036854775808n, 0))
  })

  it('merges the types of elements', () => {
    const numbers = parseString('[1, 300,70000]')
    assert.deepEqual([numbers.value, numbers.schema?.valueSchema?.type], [[1, 300, 70000], 'INT32'])
    const mixed = parseString('[1,"a"]')
    assert.deepEqual([mixed.value, mixed.schema?.type, mixed.schema?.valueSchema], [[1, 'a'], 'ARRAY', undefined])
    assert.deepEqual(parseString('[1,]').value, [1])
    assert.deepEqual(parseString('[1,2]xyz').value, [1, 2])
    assert.deepEqual(parseString('[]').value, [])
    assert.deepEqual(parseString('[null, null]').value, [null, null])
    assert.deepEqual(
      parseString('{"a":1,"b":2}').value,
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
    assert.deepEqual(
      parseString('{"a":1 "b":[true]}').value,
      new Map<string, unknown>([
        ['a', 1],
        ['b', [true]],
      ]),
    )
    assert.equal((parseString('["2024-02-29"]').value as Date[])[0]!.getTime(), Date.UTC(2024, 1, 29))
  })
})

describe('writing values as text', () => {
  it('has the forms of Connect', () => {
    const struct = schema.struct({ a: schema.int32(), b: schema.string({ default: 'x' }) })
    const table: readonly (readonly [Schema | undefined, unknown, string])[] = [
      [undefined, 'plain "text"', 'plain "text"'],
      [schema.float64(), 1, '1.0'],
      [schema.float64(), 1e7, '1.0E7'],
      [schema.int64(), 5n, '5'],
      [undefined, true, 'true'],
      [undefined, new Decimal(1n, -3), '1E+3'],
      [undefined, new Decimal(12340n, 3), '12.340'],
      [undefined, Buffer.from('abc'), 'YWJj'],
      [undefined, ['a"\\', 1, null, Buffer.from('abc')], '["a\\"\\\\",1,null,"YWJj"]'],
      [undefined, new Map([['k', 1]]), '{"k":1}'],
      [struct, { a: 1 }, '{"a":1,"b":"x"}'],
      [undefined, new Date(1000), '00:00:01.000Z'],
      [undefined, new Date('2024-02-29'), '2024-02-29'],
      [undefined, [new Date('2024-02-29T10:00:00Z')], '[2024-02-29T10:00:00.000Z]'],
    ]
    for (const [of, value, text] of table) assert.equal(convertToString(of, value), text)
  })
})
