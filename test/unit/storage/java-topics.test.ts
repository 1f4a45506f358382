import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { EMPTY_STATE, foldConfigRecords, targetState } from '../../../runtime/storage/cluster-config-state.ts'
import { encodeConfigRecord, parseConfigRecord } from '../../../runtime/storage/config-records.ts'
import type { LogEntry, LogRecord } from '../../../runtime/storage/log.ts'
import { offsetKey, offsetValue, parseOffsetKey, parseOffsetValue } from '../../../runtime/storage/offset-records.ts'
import { encodeStatusRecord, parseStatusRecord } from '../../../runtime/storage/status-records.ts'

interface Dumped {
  readonly offset: number
  readonly key: string
  readonly value: string | null
}

/** What a worker of Kafka Connect 4.3.1 wrote: connectors made, paused, resumed, restarted, stopped, born stopped, deleted; a level set. */
const dump = dumpOf('4.3.1')

function dumpOf(version: string): Readonly<Record<'configs' | 'offsets' | 'status', readonly Dumped[]>> {
  const file = new URL(`../../fixtures/connect/internal-topics-${version}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof dumpOf>
}

function record({ offset, key, value }: Dumped): LogRecord {
  return { partition: 0, offset, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) }
}

function text({ key, value }: LogEntry): Pick<Dumped, 'key' | 'value'> {
  return { key: Buffer.from(key).toString(), value: value === null ? null : Buffer.from(value).toString() }
}

const given = ({ key, value }: Dumped): Pick<Dumped, 'key' | 'value'> => ({ key, value })

function foldTexts(...records: readonly (readonly [key: string, value: unknown])[]) {
  return foldConfigRecords(
    EMPTY_STATE,
    records.map(([key, value], offset) =>
      record({ offset, key, value: value === null ? null : JSON.stringify(value) }),
    ),
  )
}

describe("topics that Java's workers wrote", () => {
  it('the config topic of 4.3.1 is read whole and written back byte for byte', () => {
    for (const each of dump.configs) {
      const parsed = parseConfigRecord(record(each))
      assert.ok(typeof parsed !== 'string', `${each.key}: ${String(parsed)}`)
      assert.deepEqual(text(encodeConfigRecord(parsed)), given(each))
    }
    const { state, skipped } = foldConfigRecords(EMPTY_STATE, dump.configs.map(record))
    assert.deepEqual(skipped, [])
    assert.deepEqual([...state.connectors.keys()], ['lines', 'out'])
    assert.equal(state.connectors.get('lines')?.['note'], 'ä "quoted" \\ tab\t 😀 / end')
    assert.equal(targetState(state, 'lines'), 'STARTED')
    assert.equal(targetState(state, 'out'), 'STOPPED')
    assert.equal(state.taskSets.get('lines')?.configs.length, 1)
    assert.equal(state.taskSets.get('out')?.count, 0)
    assert.equal(state.sessionKey?.algorithm, 'HmacSHA256')
    assert.equal(state.offset, dump.configs.at(-1)!.offset + 1)
  })

  it('the status topic of 4.3.1 is read whole and written back byte for byte', () => {
    for (const each of dump.status) {
      const parsed = parseStatusRecord(record(each))
      assert.ok(parsed !== undefined, each.key)
      assert.deepEqual(text(encodeStatusRecord(parsed)), given(each))
    }
  })

  it('the offset topic of 4.3.1 is read whole and written back byte for byte', () => {
    for (const each of dump.offsets) {
      const { key, value } = record(each)
      const { connector, partition } = parseOffsetKey(key)!
      const written = { key: offsetKey(connector, partition), value: offsetValue(parseOffsetValue(value)!) }
      assert.deepEqual(text(written), given(each))
    }
  })

  it('target states of workers before 3.5, which know no STOPPED, and statuses before 4.1, which know no version', () => {
    const { state, skipped } = foldTexts(
      ['connector-c', { properties: { name: 'c' } }],
      ['target-state-c', { state: 'PAUSED' }],
      ['target-state-d', { state: 'PAUSED', 'state.v2': 'STOPPED', 'from.the.future': 1 }],
    )
    assert.deepEqual(skipped, [])
    assert.equal(targetState(state, 'c'), 'PAUSED')
    assert.equal(targetState(state, 'd'), 'STOPPED')
    const status = '{"state":"RUNNING","trace":null,"worker_id":"10.0.0.5:8083","generation":4}'
    const parsed = parseStatusRecord(record({ offset: 0, key: 'status-task-c-3', value: status }))
    assert.deepEqual(parsed, {
      kind: 'status',
      subject: { connector: 'c', task: 3 },
      status: { state: 'RUNNING', trace: null, workerId: '10.0.0.5:8083', generation: 4, version: null },
    })
  })

  it('a topic of 2.x without session key, fencing and restart records, and with a key that nobody knows', () => {
    const { state, skipped } = foldTexts(
      ['connector-c', { properties: { name: 'c', 'connector.class': 'X' } }],
      ['task-c-0', { properties: { 'task.class': 'XTask' } }],
      ['commit-c', { tasks: 1 }],
      ['something-else', {}],
    )
    assert.equal(state.taskSets.get('c')?.configs.length, 1)
    assert.equal(state.sessionKey, undefined)
    assert.equal(skipped.length, 1)
  })

  // Each made, paused and resumed a source, made a sink (3.9.1: restarted and stopped it), one that fails, one that was deleted again.
  for (const version of ['2.8.2', '3.9.1'])
    it(`topics that ${version} wrote are read whole`, () => {
      const old = dumpOf(version)
      const { state, skipped } = foldConfigRecords(EMPTY_STATE, old.configs.map(record))
      assert.deepEqual(skipped, [])
      assert.deepEqual([...state.connectors.keys()], ['lines', 'out', 'broken'])
      assert.equal(state.connectors.get('lines')?.['note'], 'ä "quoted" \\ tab\t 😀 / end')
      assert.equal(state.sessionKey?.algorithm, 'HmacSHA256')
      assert.equal(targetState(state, 'lines'), 'STARTED')
      assert.equal(state.taskSets.get('lines')?.configs[0]?.['file'], '/tmp/dump-lines.txt')
      assert.equal(targetState(state, 'out'), version === '2.8.2' ? 'STARTED' : 'STOPPED')
      assert.equal(state.taskSets.get('out')?.configs.length, version === '2.8.2' ? 2 : 0)
      assert.equal(state.taskSets.has('gone'), false)

      const statuses = new Map(old.status.map((each) => [each.key, parseStatusRecord(record(each))]))
      const last = (key: string) => statuses.get(key)
      for (const [key, parsed] of statuses) assert.ok(parsed !== undefined, key)
      const [running, failed] = [last('status-task-lines-0'), last('status-task-broken-0')]
      assert.ok(running?.kind === 'status' && failed?.kind === 'status')
      assert.equal(running.status?.state, 'RUNNING')
      assert.equal(running.status.version, null)
      assert.match(failed.status?.trace ?? '', /^org\.apache\.kafka\.connect\.errors\.ConnectException: Couldn't find/)
      assert.equal(last('status-topic-dump-lines:connector-lines')?.kind, 'topic')
      const gone = last('status-task-gone-0')
      assert.ok(gone?.kind === 'status' && gone.status === null)

      for (const each of old.offsets) {
        const { key, value } = record(each)
        const { connector, partition } = parseOffsetKey(key)!
        const written = { key: offsetKey(connector, partition), value: offsetValue(parseOffsetValue(value)!) }
        assert.deepEqual(text(written), given(each))
      }
      assert.deepEqual(parseOffsetValue(record(old.offsets.at(-1)!).value), { position: 19 })
    })
})
