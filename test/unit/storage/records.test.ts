import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeConfigRecord, parseConfigRecord } from '../../../runtime/storage/config-records.ts'
import type { ConfigRecord } from '../../../runtime/storage/config-records.ts'
import { offsetKey, offsetValue, parseOffsetKey, parseOffsetValue } from '../../../runtime/storage/offset-records.ts'
import { encodeStatusRecord, parseStatusRecord } from '../../../runtime/storage/status-records.ts'
import type { StatusRecord } from '../../../runtime/storage/status-records.ts'

const text = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('utf8')
const buffers = ({ key, value }: { key: Uint8Array; value: Uint8Array | null }) => ({
  key: Buffer.from(key),
  value: value && Buffer.from(value),
})

describe('records of the config topic', () => {
  const golden: readonly (readonly [ConfigRecord, string, string | null])[] = [
    [
      {
        kind: 'connector',
        connector: 'c1',
        props: { 'connector.class': 'FileStreamSource', file: '/tmp/a', topic: 't', name: 'c1' },
      },
      'connector-c1',
      '{"properties":{"connector.class":"FileStreamSource","file":"/tmp/a","topic":"t","name":"c1"}}',
    ],
    [{ kind: 'connector', connector: 'c1', props: null }, 'connector-c1', null],
    [
      { kind: 'target-state', connector: 'c1', state: 'STOPPED' },
      'target-state-c1',
      '{"state":"PAUSED","state.v2":"STOPPED"}',
    ],
    [
      { kind: 'target-state', connector: 'c1', state: 'STARTED' },
      'target-state-c1',
      '{"state":"STARTED","state.v2":"STARTED"}',
    ],
    [
      { kind: 'task', connector: 'a-b', task: 3, props: { x: '${p:k}' } },
      'task-a-b-3',
      '{"properties":{"x":"${p:k}"}}',
    ],
    [{ kind: 'commit', connector: 'c1', tasks: 2 }, 'commit-c1', '{"tasks":2}'],
    [{ kind: 'fencing', connector: 'c1', taskCount: 2 }, 'tasks-fencing-c1', '{"task-count":2}'],
    [
      { kind: 'session-key', sessionKey: { key: 'kXo=', algorithm: 'HmacSHA256', createdAt: 1_700_000_000_000 } },
      'session-key',
      '{"key":"kXo=","algorithm":"HmacSHA256","creation-timestamp":1700000000000}',
    ],
    [
      { kind: 'restart', connector: 'c1', includeTasks: true, onlyFailed: false },
      'restart-connector-c1',
      '{"include-tasks":true,"only-failed":false}',
    ],
    [{ kind: 'logger-level', logger: 'org.apache', level: 'DEBUG' }, 'logger-cluster-org.apache', '{"level":"DEBUG"}'],
  ]
  for (const [record, key, value] of golden)
    it(`writes and reads ${key} = ${value ?? 'null'}`, () => {
      const encoded = encodeConfigRecord(record)
      assert.equal(text(encoded.key), key)
      assert.equal(text(encoded.value), value)
      assert.deepEqual(parseConfigRecord(buffers(encoded)), record)
    })

  it('writes characters outside the basic plane as two upper-case escapes', () => {
    const { value } = encodeConfigRecord({ kind: 'connector', connector: 'c', props: { a: '😀\u000b\n/é\\u000b' } })
    assert.equal(text(value), '{"properties":{"a":"\\uD83D\\uDE00\\u000B\\n/é\\\\u000b"}}')
  })

  it('says why a record is skipped', () => {
    const skipped = (key: string, value: string | null) =>
      parseConfigRecord({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })
    assert.equal(skipped('nonsense', '{}'), 'unknown key nonsense')
    assert.equal(skipped('commit-c', '{"tasks":"2"}'), 'commit-c has no number `tasks`')
    assert.equal(skipped('connector-c', '[]'), 'connector-c holds no JSON object')
    assert.equal(skipped('task-c', '{"properties":{}}'), 'task-c names no task')
    assert.equal(skipped('target-state-c', '{"state":"GONE"}'), 'target-state-c has the unknown target state GONE')
  })
})

describe('records of the offset topic', () => {
  it('are the bytes of Kafka Connect', () => {
    assert.equal(
      text(offsetKey('local-file-source', { filename: '/tmp/a' })),
      '["local-file-source",{"filename":"/tmp/a"}]',
    )
    assert.equal(text(offsetKey('c', null)), '["c",null]')
    assert.equal(
      text(offsetValue({ position: 30, lsn: 9_223_372_036_854_775_807n, snapshot: true, x: null })),
      '{"position":30,"lsn":9223372036854775807,"snapshot":true,"x":null}',
    )
  })

  it('read back without losing a digit', () => {
    assert.deepEqual(parseOffsetValue(Buffer.from('{"lsn":9223372036854775807,"position":30}')), {
      lsn: 9_223_372_036_854_775_807n,
      position: 30,
    })
    assert.deepEqual(parseOffsetKey(Buffer.from('["c",{"a":"b"}]')), { connector: 'c', partition: { a: 'b' } })
    assert.equal(parseOffsetKey(Buffer.from('{"a":"b"}')), undefined)
    assert.equal(parseOffsetKey(Buffer.from('[1,')), undefined)
    assert.equal(parseOffsetValue(null), undefined)
  })
})

describe('records of the status topic', () => {
  const golden: readonly (readonly [StatusRecord, string, string | null])[] = [
    [
      {
        kind: 'status',
        subject: { connector: 'c' },
        status: { state: 'RUNNING', trace: null, workerId: '10.0.0.5:8083', generation: 4, version: '4.3.1' },
      },
      'status-connector-c',
      '{"state":"RUNNING","trace":null,"worker_id":"10.0.0.5:8083","generation":4,"version":"4.3.1"}',
    ],
    [{ kind: 'status', subject: { connector: 'a-1', task: 2 }, status: null }, 'status-task-a-1-2', null],
    [
      {
        kind: 'topic',
        topic: 'foo',
        connector: 'source',
        used: { topic: 'foo', connector: 'source', task: 0, discoveredAt: 1_600_000_000_000 },
      },
      'status-topic-foo:connector-source',
      '{"topic":{"name":"foo","connector":"source","task":0,"discoverTimestamp":1600000000000}}',
    ],
  ]
  for (const [record, key, value] of golden)
    it(`writes and reads ${key}`, () => {
      const encoded = encodeStatusRecord(record)
      assert.equal(text(encoded.key), key)
      assert.equal(text(encoded.value), value)
      const { task } = (parseStatusRecord(buffers(encoded)) as { subject?: { task?: number } }).subject ?? {}
      assert.equal(task, record.kind === 'status' ? record.subject.task : undefined)
      assert.deepEqual(
        JSON.parse(JSON.stringify(parseStatusRecord(buffers(encoded)))),
        JSON.parse(JSON.stringify(record)),
      )
    })
})
