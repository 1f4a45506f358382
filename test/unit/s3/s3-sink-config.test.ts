import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CONFIG } from '../../../connectors/s3/config/config-keys.ts'
import { crossCheck } from '../../../connectors/s3/config/cross-checks.ts'
import { parseS3SinkConfig } from '../../../connectors/s3/config/s3-sink-config.ts'
import plugin from '../../../connectors/s3/index.ts'
import { S3SinkConnector } from '../../../connectors/s3/s3-sink-connector.ts'

const base = {
  'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
  topics: 'orders',
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
  'flush.size': '1000',
  's3.bucket.name': 'bucket',
}
const time = {
  'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
  locale: 'en',
  timezone: 'UTC',
}
const format = (name: string) => `io.confluent.connect.s3.format.${name}Format`

describe('configuration of the S3 sink', () => {
  it('takes the smallest config of Confluent', () => {
    const config = parseS3SinkConfig(base)
    assert.equal(config.store.region, 'us-west-2')
    assert.equal(config.partBytes, 26_214_400)
    assert.equal(config.store.pathStyle, true)
    assert.equal(config.writer.naming.padWidth, 10)
  })

  const wrong: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    [
      'format.class',
      { 'format.class': format('avro.Avro') },
      /AvroFormat.*not available yet; use io\.confluent.*JsonFormat/,
    ],
    ['format.class', { 'format.class': 'JsonFormatt' }, /JsonFormatt.*no such format; use/],
    ['keys.format.class', { 'store.kafka.keys': 'true' }, /AvroFormat.*not available yet/],
    [
      'headers.format.class',
      { 'store.kafka.headers': 'true', 'headers.format.class': format('bytearray.ByteArray') },
      /need.*JsonFormat/,
    ],
    [
      'partitioner.class',
      { 'partitioner.class': 'com.acme.Mine' },
      /no such partitioner; use one of DefaultPartitioner/,
    ],
    ['timezone', { 'rotate.schedule.interval.ms': '60000' }, /must be set for .*rotate\.schedule\.interval\.ms/],
    ['timezone', { ...time, timezone: 'PST' }, /'PST' is not recognised; use UTC/],
    ['locale', { ...time, locale: '' }, /must be set/],
    ['partition.duration.ms', { ...time, 'path.format': 'YYYY' }, /-1.*length of a partition/],
    ['path.format', { ...time, 'partition.duration.ms': '1000' }, /needs a pattern/],
    [
      'path.format',
      { ...time, 'partition.duration.ms': '1000', 'path.format': 'year=YYYY' },
      /Illegal pattern component: r; literal letters need single quotes/,
    ],
    ['timestamp.extractor', { ...time, 'timestamp.extractor': 'Nope' }, /Wallclock, Record or RecordField/],
    ['behavior.on.null.values', { 'behavior.on.null.values': 'write' }, /store\.kafka\.keys=true/],
    ['partition.field.name', { 'partitioner.class': 'FieldPartitioner' }, /needs the names of fields/],
    [
      'partition.field.name',
      { 'partitioner.class': 'FieldPartitioner', 'partition.field.name': 'a..b' },
      /needs the names/,
    ],
    ['s3.wan.mode', { 's3.wan.mode': 'true' }, /s3\.path\.style\.access\.enabled=false/],
    ['aws.secret.access.key', { 'aws.access.key.id': 'AKIA' }, /must be set together/],
    ['store.url', { 'store.url': 'http://' }, /not a URL/],
    ['schema.compatibility', { 'schema.compatibility': 'BACKWARD' }, /BACKWARD.*not available yet; use NONE/],
    ['s3.schema.partition.affix.type', { 's3.schema.partition.affix.type': 'PREFIX' }, /use NONE/],
  ]
  for (const [key, props, message] of wrong)
    it(`names ${key} for ${JSON.stringify(props)}`, () => {
      const errors = crossCheck(CONFIG.parse({ ...base, ...props }))
      const found = errors.find((error) => error.key === key)
      assert.ok(found, `messages: ${errors.map((error) => `${error.key}: ${error.message}`).join('\n')}`)
      assert.match(found.message, message)
    })

  it('never shows the customer key', () => {
    const errors = crossCheck(CONFIG.parse({ ...base, 's3.sse.customer.key': 'topsecret' }))
    assert.ok(errors.length > 0 && errors.every(({ message }) => !message.includes('topsecret')))
  })

  it('refuses values out of range', () => {
    for (const [key, value] of [
      ['s3.part.size', '5242879'],
      ['s3.compression.level', '10'],
      ['s3.part.retries', '-1'],
    ] as const)
      assert.throws(() => parseS3SinkConfig({ ...base, [key]: value }), { code: 'CONFIG', key })
  })

  it('keeps the white space of the separator', () => {
    const props = { ...base, 'format.class': format('bytearray.ByteArray'), 'format.bytearray.separator': ' \t' }
    assert.equal(parseS3SinkConfig(props).writer.formats.values?.extension, '.bin')
  })

  it('adds the cross-checks to the answers of validate', async () => {
    const props = { ...base, 'rotate.schedule.interval.ms': '60000' }
    const values = await S3SinkConnector.validate(props, CONFIG.validate(props))
    const withErrors = values.filter(({ errors }) => errors.length > 0).map(({ name }) => name)
    assert.deepEqual(withErrors, ['timezone'])
  })

  it('is a plugin under Confluent’s class name', () => {
    assert.deepEqual(Object.keys(plugin.connectors ?? {}), ['io.confluent.connect.s3.S3SinkConnector'])
  })
})
