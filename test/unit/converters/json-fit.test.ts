import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dateSchema, decimalSchema, plain, schema, timeSchema, timestampSchema } from '../../../runtime/api/index.ts'
import type { Schema } from '../../../runtime/api/index.ts'
import { JsonConverter } from '../../../runtime/converters/json-converter.ts'
import { decodeJson } from '../../../runtime/converters/encoded-json.ts'
import { JsonFit } from '../../../runtime/converters/json-fit.ts'
import { Random } from '../../cluster/support/random.ts'

const person = schema.struct({
  id: schema.int64(),
  name: schema.string({ optional: true }),
  age: schema.int32({ default: 7 }),
  photo: schema.bytes({ optional: true }),
  born: dateSchema({ optional: true }),
  tags: schema.array(schema.string(), { optional: true }),
  at: schema.struct({ x: schema.float64() }, { optional: true }),
})

const fits = (json: string, replaceNull = true, of = person): boolean =>
  new JsonFit(replaceNull).isSure(of, Buffer.from(json))

describe('JsonFit', () => {
  it('is sure of what is written in the order of the schema', () => {
    assert.ok(fits('{"id":1,"name":"n","age":3,"photo":"AAE=","born":1,"tags":["a","b\\"]"],"at":{"x":1e+5}}'))
    assert.ok(fits('{"id":1,"name":null,"age":null,"photo":null,"born":null,"tags":null,"at":null}'))
    assert.ok(fits('{"id":1}'))
    assert.ok(fits(' { "id" : 1 , "tags" : [ ] , "at" : { "x" : 1 } } '.trim()))
  })

  it('passes by members that the schema does not have', () => {
    assert.ok(fits('{"a":[{"b":"]"},1,"x"],"id":1,"c":{"d":{}},"e":true,"f":"}"}'))
  })

  it('is not sure where a value is missing, or of the wrong kind', () => {
    for (const json of [
      '{}',
      '{"id":null}',
      '{"name":"n"}',
      '{"id":1,"at":{}}',
      '{"id":1,"at":{"x":null}}',
      '{"id":1,"tags":[null]}',
      '{"id":1,"tags":{}}',
      '{"id":1,"at":[]}',
      '{"id":1,"photo":"AA"}',
      '{"id":1,"photo":"?AA="}',
      '{"id":1,"born":"1"}',
      '{"id":1,"born":1.5}',
      '{"id":1,"born":100000001}',
    ])
      assert.ok(!fits(json), json)
    assert.ok(!fits('{"id":1,"age":null}', false), 'a default that does not replace null')
  })

  it('is not sure of a member that comes twice: the last counts', () => {
    assert.ok(!fits('{"id":1,"name":"x","id":null}'))
    assert.ok(!fits('{"id":1,"id":null}'))
  })
})

/** Schemas and JSON of every kind, most of which does not fit. */
class Anything {
  readonly #random: Random
  constructor(random: Random) {
    this.#random = random
  }

  schema(depth: number): Schema {
    const random = this.#random
    const optional = random.int(3) === 0
    const kind = random.int(depth > 0 ? 13 : 9)
    switch (kind) {
      case 0:
        return schema.boolean({ optional })
      case 1:
        return schema.int32(random.int(2) === 0 ? { optional } : { optional, default: 5 })
      case 2:
        return schema.int64({ optional })
      case 3:
        return schema.string({ optional })
      case 4:
        return schema.bytes({ optional })
      case 5:
        return decimalSchema(2, { optional })
      case 6:
        return dateSchema({ optional })
      case 7:
        return timeSchema({ optional })
      case 8:
        return timestampSchema({ optional })
      case 9:
        return schema.array(this.schema(depth - 1), { optional })
      case 10:
        return schema.map(schema.string({ optional: random.int(3) === 0 }), this.schema(depth - 1), { optional })
      case 11:
        return schema.map(schema.int32(), this.schema(depth - 1), { optional })
      default:
        return schema.struct(
          ['a', 'b', 'ü'].slice(random.int(3)).map((name) => [name, this.schema(depth - 1)] as const),
          { optional },
        )
    }
  }

  json(of: Schema, depth = 3): string {
    const random = this.#random
    if (random.int(12) === 0 || depth === 0)
      return random.pick([
        'null',
        'true',
        '-1',
        '1.5e+3',
        '"x"',
        '"AA=="',
        '""',
        '[]',
        '{}',
        '["a"]',
        '{"a":null}',
        '86400001',
      ])
    switch (of.name ?? of.type) {
      case 'BOOLEAN':
        return random.pick(['true', 'false'])
      case 'STRING':
        return random.pick(['"s"', '"ü"', '"\\"]}"', '"\\u0041\\\\"'])
      case 'BYTES':
      case 'org.apache.kafka.connect.data.Decimal':
        return random.pick(['"AAE="', '"AQID"', '""', '1.50', '"AA"'])
      case 'ARRAY':
        return this.#list('[', ']', () => this.json(of.valueSchema!, depth - 1))
      case 'MAP':
        return of.keySchema!.type === 'STRING'
          ? this.#list('{', '}', (i) => `"k${i}":${this.json(of.valueSchema!, depth - 1)}`)
          : this.#list('[', ']', (i) => `[${i},${this.json(of.valueSchema!, depth - 1)}]`)
      case 'STRUCT': {
        const members = of
          .fields!.filter(() => random.int(10) > 0)
          .map(({ name, schema: field }) => {
            const key = random.int(20) === 0 ? (name === 'a' ? '\\u0061' : 'z') : name
            return `"${key}":${this.json(field, depth - 1)}`
          })
        if (random.int(6) === 0)
          members.splice(
            random.int(members.length + 1),
            0,
            `"${random.pick(['a', 'q'])}":${random.pick(['null', '[{}]', '3'])}`,
          )
        if (random.int(6) === 0) members.reverse()
        return `{${members.join(random.pick([',', ' , ', ',\n']))}}`
      }
      default:
        return random.pick(['0', '-0', '12', '-7', '86400000', '1700000000123', '9223372036854775807', '1.0'])
    }
  }

  #list(open: string, close: string, item: (i: number) => string): string {
    return open + Array.from({ length: this.#random.int(4) }, (_, i) => item(i)).join(',') + close
  }
}

it('what JsonFit is sure of can be read, and what cannot be read is refused by the converter', () => {
  const seed = Number(process.env['NARU_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const anything = new Anything(new Random(seed))
  const seen = { sure: 0, unsure: 0, refused: 0 }
  for (let round = 0; round < 2_000; round++) {
    const of = anything.schema(3)
    const replaceNull = round % 4 !== 0
    const fit = new JsonFit(replaceNull)
    for (let i = 0; i < 8; i++) {
      const json = anything.json(of)
      let readable = true
      try {
        decodeJson(of, Buffer.from(json), replaceNull)
      } catch {
        readable = false
      }
      const sure = fit.isSure(of, Buffer.from(json))
      assert.ok(readable || !sure, `seed ${seed}: ${json} under ${JSON.stringify(of)}`)
      seen[readable ? (sure ? 'sure' : 'unsure') : 'refused']++
    }
  }
  assert.ok(seen.sure > 2 * seen.unsure && seen.refused > 2_000, JSON.stringify(seen))
})

it('the converter refuses what does not fit, at once and not where somebody looks inside', () => {
  const converter = new JsonConverter()
  converter.configure({})
  const bytes = (payload: string): Buffer =>
    Buffer.from(`{"schema":{"type":"struct","fields":[{"field":"a","type":"int32"}]},"payload":${payload}}`)
  assert.deepEqual(plain(converter.toConnectData('t', bytes('{"a":1}')).value), { a: 1 })
  const refusal = { name: 'DataError', message: 'Invalid null value for required INT32 field' }
  for (const payload of ['{}', '{"b":1}', '{"a":null}', '{"a":1,"a":null}'])
    assert.throws(() => converter.toConnectData('t', bytes(payload)), refusal, payload)
})
