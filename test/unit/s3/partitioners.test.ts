import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseS3SinkConfig } from '../../../connectors/s3/config/s3-sink-config.ts'
import { parseIsoTime } from '../../../connectors/s3/partitioning/iso-time.ts'
import { TimeZone } from '../../../connectors/s3/partitioning/time-zone.ts'
import { sinkRecord } from './sink-record.ts'

const base = {
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  'flush.size': '3',
  's3.bucket.name': 'bucket',
  'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
  locale: 'en',
  timezone: 'UTC',
  'timestamp.extractor': 'Record',
}
const LA = 'America/Los_Angeles'
const hourly = { 'partitioner.class': 'io.confluent.connect.storage.partitioner.HourlyPartitioner' }
const timeBased = (pattern: string, duration = 3_600_000) => ({
  'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
  'path.format': pattern,
  'partition.duration.ms': String(duration),
})

function folder(props: Readonly<Record<string, string>>, timestamp: string | number, value: unknown = {}): string {
  const partitioner = parseS3SinkConfig({ ...base, ...props }).partitioner()
  const record = sinkRecord({ timestamp: typeof timestamp === 'number' ? timestamp : Date.parse(timestamp), value })
  return partitioner.encode(record, partitioner.timestamp?.(record, 0) ?? 0)
}

describe('folders of time', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, string | number, string])[] = [
    ['an hour begins', { ...hourly, timezone: LA }, '2014-02-01T08:00:00Z', 'year=2014/month=02/day=01/hour=00'],
    ['1 ms before', { ...hourly, timezone: LA }, '2014-02-01T07:59:59.999Z', 'year=2014/month=01/day=31/hour=23'],
    [
      'first 1 o’clock of autumn',
      { ...hourly, timezone: LA },
      '2017-11-05T08:30:00Z',
      'year=2017/month=11/day=05/hour=01',
    ],
    [
      'second 1 o’clock of autumn',
      { ...hourly, timezone: LA },
      '2017-11-05T09:30:00Z',
      'year=2017/month=11/day=05/hour=01',
    ],
    [
      'a bucket that begins in spring’s gap',
      { ...timeBased("'hour'=HH", 7_200_000), timezone: LA },
      '2017-03-12T10:30:00Z',
      'hour=03',
    ],
    ['truncation toward zero', hourly, -1, 'year=1970/month=01/day=01/hour=00'],
    ['quoted text', timeBased("'d'=YYYY-MM-dd'T'HH"), '2014-02-01T00:00:00Z', 'd=2014-02-01T00'],
    ['a trailing delimiter is dropped', timeBased('YYYY/MM/dd/'), '2014-02-01T00:00:00Z', '2014/02/01'],
    [
      'another directory.delim',
      { ...hourly, 'directory.delim': '_' },
      '2014-02-01T00:00:00Z',
      'year=2014_month=02_day=01_hour=00',
    ],
    ['daily', { 'partitioner.class': 'DailyPartitioner' }, '2014-02-01T13:00:00Z', 'year=2014/month=02/day=01'],
    ['a fixed offset', { ...hourly, timezone: '+05:30' }, '2014-02-01T00:00:00Z', 'year=2014/month=02/day=01/hour=05'],
    ['the earlier offset in autumn', { ...timeBased('HH ZZ'), timezone: LA }, '2017-11-05T09:30:00Z', '01 -07:00'],
    ['week years and weeks', timeBased("xxxx-'W'ww-e DDD"), '2014-12-31T00:00:00Z', '2015-W01-3 365'],
    ['clock halves', timeBased('h K k H a'), '2014-02-01T00:30:00Z', '12 0 24 0 AM'],
    ['names in English', timeBased('MMM MMMM E EEEE'), '2014-02-01T00:00:00Z', 'Feb February Sat Saturday'],
    ['en-US is no language to Java', { ...timeBased('MMMM EEEE'), locale: 'en-US' }, '2014-02-01T00:00:00Z', 'Feb Sat'],
    [
      'zone texts',
      { ...timeBased('Z ZZ ZZZ z'), timezone: LA },
      '2014-02-01T08:00:00Z',
      '-0800 -08:00 America/Los_Angeles PST',
    ],
  ]
  for (const [name, props, at, expected] of rows)
    it(`${name}: ${expected}`, () => assert.equal(folder(props, at), expected))

  it('come from a field, in milliseconds or ISO 8601', () => {
    const props = { ...hourly, 'timestamp.extractor': 'RecordField', 'timestamp.field': 'meta.at' }
    const at = Date.parse('2014-02-01T08:00:00Z')
    for (const value of [at, BigInt(at), String(at), '2014-02-01T08:00:00Z', '2014-02-01T09:00+01:00', new Date(at)])
      assert.equal(folder(props, 0, { meta: { at: value } }), 'year=2014/month=02/day=01/hour=08')
    assert.throws(() => folder(props, 0, { meta: {} }), { code: 'DATA', message: /'meta.at' does not exist/ })
    assert.throws(() => folder(props, 0, { meta: { at: 'soon' } }), { code: 'DATA', message: /is not a time: soon/ })
  })
})

describe('folders of fields', () => {
  const props = { 'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner' }
  it('name each field and its value', () => {
    const fields = { ...props, 'partition.field.name': 'country,user.tier' }
    assert.equal(folder(fields, 0, { country: 'ZA', user: { tier: 'gold' } }), 'country=ZA/user.tier=gold')
    assert.equal(folder(fields, 0, { country: null, user: new Map([['tier', 7n]]) }), 'country=null/user.tier=7')
  })
  it('refuse other values as errors of the record', () => {
    const fields = { ...props, 'partition.field.name': 'f' }
    for (const value of [{ f: 1.5 }, { f: [] }, {}, 'text', null])
      assert.throws(() => folder(fields, 0, value), { code: 'DATA' })
  })
})

describe('ISO times', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['2016-02-01', '2016-02-01T00:00:00.000Z'],
    ['2016-02', '2016-02-01T00:00:00.000Z'],
    ['2016-032', '2016-02-01T00:00:00.000Z'],
    ['2016-W05-1', '2016-02-01T00:00:00.000Z'],
    ['2016-02-01t10:11z', '2016-02-01T10:11:00.000Z'],
    ['2016-02-01T10:11:12,5', '2016-02-01T10:11:12.500Z'],
    ['2016-02-01T10:11:12.123456+0100', '2016-02-01T09:11:12.123Z'],
    ['2016-02-01T10+01', '2016-02-01T09:00:00.000Z'],
    ['2016-02-01 10:11', undefined],
    ['2016-02-01T24:00', undefined],
    ['20160201T101112', undefined],
    ['2016-02-30', undefined],
  ]
  for (const [text, expected] of rows)
    it(`${text} is ${expected ?? 'none'}`, () => {
      const time = parseIsoTime(text)
      assert.equal(time === undefined ? undefined : new Date(time).toISOString(), expected)
    })
})

describe('time zones', () => {
  for (const id of ['UTC', 'GMT', 'EST', 'Europe/Berlin', '+05:30', '-08', '+0530'])
    it(`knows ${id}`, () => assert.equal(typeof new TimeZone(id).offsetAt(0), 'number'))
  for (const id of ['PST', 'GMT+1', 'Z', 'utc', '+5:30', 'Mars/Base', ''])
    it(`refuses '${id}'`, () => assert.throws(() => new TimeZone(id), RangeError))
})
