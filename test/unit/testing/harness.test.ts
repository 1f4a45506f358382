import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { configDef, definePlugin, NO_HEADERS, schema } from '../../../runtime/api/index.ts'
import type { Offsets, Props, SourceRecord } from '../../../runtime/api/index.ts'
import { Decimal, decimalSchema, timestampSchema } from '../../../runtime/api/logical-types.ts'
import { SinkTaskHarness, SourceTaskHarness, valueErrors } from '../../../runtime/testing/index.ts'

const definition = configDef({
  value: { type: 'STRING', importance: 'HIGH', documentation: 'What to emit.' },
})

class Source {
  static readonly version = '1.0'
  static readonly type = 'source'
  static readonly task = class {
    static readonly className = 'test.SourceTask'
    #value = ''
    async start(props: Props): Promise<void> {
      this.#value = props['value']!
    }
    async poll(): Promise<readonly SourceRecord[]> {
      const common = {
        topic: 't',
        partition: undefined,
        keySchema: undefined,
        key: null,
        timestamp: 0,
        headers: NO_HEADERS,
      }
      const value = this.#value === 'wrong' ? 7 : this.#value
      return [{ ...common, valueSchema: schema.string(), value, sourcePartition: { p: 1 }, sourceOffset: { o: 1 } }]
    }
    async stop(): Promise<void> {}
  }
  #props: Props = {}
  static configDef() {
    return definition
  }
  async start(props: Props): Promise<void> {
    this.#props = props
  }
  async taskConfigs(): Promise<readonly Props[]> {
    return [this.#props]
  }
  async stop(): Promise<void> {}
}

class Sink extends Source {
  static override readonly type = 'sink' as never
  static override readonly task = class {
    static readonly className = 'test.SinkTask'
    async start(): Promise<void> {}
    async put(): Promise<void> {}
    async preCommit(delivered: Offsets): Promise<Offsets> {
      return delivered.map((each) => ({ ...each, offset: each.offset + 1 }))
    }
    async stop(): Promise<void> {}
  } as never
}

const plugin = definePlugin({
  name: 'p',
  version: '1',
  connectors: { 'test.GoodSourceConnector': Source, 'test.HastySinkConnector': Sink as never },
})

describe('the harnesses of naru/testing', () => {
  test('find a connector by its short name, and say which there are', async () => {
    await using source = await SourceTaskHarness.start({ plugin, connector: 'GoodSource', props: { value: 'x' } })
    assert.equal((await source.records(1))[0]!.value, 'x')
    await assert.rejects(
      SourceTaskHarness.start({ plugin, connector: 'BadSource', props: {} }),
      /plugin p has no connector BadSource; it has test\.GoodSourceConnector, test\.HastySinkConnector/,
    )
    await assert.rejects(SourceTaskHarness.start({ plugin, connector: 'HastySink', props: {} }), /is a sink connector/)
  })

  test('refuse an invalid config with the messages of its validation', async () => {
    await assert.rejects(
      SourceTaskHarness.start({ plugin, connector: 'GoodSource', props: {} }),
      /value: Missing required configuration "value" which has no default value\./,
    )
  })

  test('refuse records that do not fit their schema', async () => {
    await using source = await SourceTaskHarness.start({ plugin, connector: 'GoodSource', props: { value: 'wrong' } })
    await assert.rejects(source.records(1), /a record is not valid: value is number 7, which is no value of STRING/)
  })

  test('refuse commits of more than was delivered', async () => {
    const sink = await SinkTaskHarness.start({ plugin, connector: 'HastySink', props: { value: 'x' } })
    await sink.put(sink.record(), sink.record())
    await assert.rejects(sink.commit(), /preCommit answers 3 for topic-0; 2 was delivered/)
  })
})

describe('valueErrors', () => {
  const struct = schema.struct({
    id: schema.int64(),
    tags: schema.array(schema.string({ optional: true })),
    price: decimalSchema(2, { optional: true }),
    at: timestampSchema({ optional: true }),
  })

  test('finds nothing wrong with what fits', () => {
    const value = { id: 1n, tags: ['a', null], price: new Decimal(123n, 2), at: new Date() }
    assert.deepEqual(valueErrors(struct, value), [])
    assert.deepEqual(valueErrors(undefined, Symbol('anything')), [])
  })

  test('names what does not, with its path', () => {
    assert.deepEqual(valueErrors(struct, { id: 1, tags: ['a', 2], price: new Decimal(1n, 3), more: true }), [
      'value.more is no field of its schema',
      'value.id is number 1, which is no value of INT64',
      'value.tags[1] is number 2, which is no value of STRING',
      'value.price is an object (Decimal), which is no value of org.apache.kafka.connect.data.Decimal',
    ])
    assert.deepEqual(valueErrors(schema.int8(), 128), ['value is number 128, which is no value of INT8'])
    assert.deepEqual(valueErrors(schema.map(schema.string(), schema.boolean()), new Map([['k', 1]])), [
      'value[k] is number 1, which is no value of BOOLEAN',
    ])
    assert.deepEqual(valueErrors(schema.string(), null), ['value is null, but its schema is required'])
  })
})
