import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plain, schema } from '../../../runtime/api/index.ts'
import type { Props, Schema } from '../../../runtime/api/index.ts'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from '../plugins/silent-logger.ts'

const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })

/** The ends of the range, the end of what a double counts exactly, and random ones of every length. */
function int64s(): readonly bigint[] {
  const edges = [
    0n,
    1n,
    -1n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ]
  let seed = 42n
  const random = (): bigint => (seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n))
  const many = Array.from({ length: 500 }, (_, i) => BigInt.asIntN(64, random() >> BigInt(i % 64)))
  return [...edges, ...many]
}

function roundTrip(className: string, props: Props, of: Schema | undefined, value: unknown): unknown {
  const converter = new (plugins.converter(className))()
  converter.configure({ 'converter.type': 'value', ...props }, false)
  return plain(converter.toConnectData('t', converter.fromConnectData('t', of, value)).value)
}

const exact = (value: unknown): bigint => (typeof value === 'bigint' ? value : BigInt(value as number))

describe('an INT64 keeps all its digits', () => {
  const struct = schema.struct({ id: schema.int64(), list: schema.array(schema.int64()) })
  const json = 'org.apache.kafka.connect.json.JsonConverter'

  it('through JsonConverter with and without schemas', () => {
    for (const id of int64s()) {
      assert.deepEqual(roundTrip(json, {}, struct, { id, list: [id] }), { id, list: [id] })
      const { id: back } = roundTrip(json, { 'schemas.enable': 'false' }, undefined, { id }) as { id: unknown }
      assert.equal(exact(back), id)
      assert.equal(exact(roundTrip(json, { 'schemas.enable': 'false' }, schema.int64(), id)), id)
    }
  })

  it('through LongConverter, StringConverter and headers', () => {
    const headers = new (plugins.headerConverter('SimpleHeaderConverter'))()
    for (const id of int64s()) {
      assert.equal(roundTrip('LongConverter', {}, schema.int64(), id), id)
      assert.equal(roundTrip('StringConverter', {}, schema.int64(), id), String(id))
      const { value } = headers.toConnectHeader('t', 'h', headers.fromConnectHeader('t', 'h', schema.int64(), id))
      assert.equal(exact(value), id)
    }
  })

  it('through transformations', () => {
    const record = (id: bigint) =>
      ({
        topic: 't',
        keySchema: undefined,
        key: null,
        valueSchema: struct,
        value: { id, list: [id] },
        headers: [],
        timestamp: 1,
      }) as never
    const made = (name: string, props: Props) => {
      const transformation = new (plugins.transformation(name))()
      transformation.configure(props)
      return transformation
    }
    const cast = made('Cast$Value', { spec: 'id:int64' })
    const text = made('Cast$Value', { spec: 'id:string' })
    const extract = made('ExtractField$Value', { field: 'id' })
    const key = made('ValueToKey', { fields: 'id' })
    const insert = made('InsertField$Value', { 'static.field': 's', 'static.value': 'x' })
    for (const id of int64s()) {
      assert.deepEqual(cast.apply(record(id))!.value, { id, list: [id] })
      assert.deepEqual(text.apply(record(id))!.value, { id: String(id), list: [id] })
      assert.equal(extract.apply(record(id))!.value, id)
      assert.deepEqual(key.apply(record(id))!.key, { id })
      assert.deepEqual(insert.apply(record(id))!.value, { id, list: [id], s: 'x' })
    }
  })
})
