import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TimeZone } from '../../../connectors/s3/partitioning/time-zone.ts'
import { nextScheduledRotation, rotationAfter, rotationBefore, rotationIsDue } from '../../../connectors/s3/rotation.ts'
import type { Candidate, RotationPolicy, RotationReason, RotationState } from '../../../connectors/s3/rotation.ts'

const policy: RotationPolicy = {
  flushSize: 3,
  intervalMs: undefined,
  onPartitionChange: true,
  scheduled: false,
  maxOpenFiles: Infinity,
}
const state: RotationState = { records: 1, openFiles: 1, baseMs: 0, lastFolder: 'a', nextScheduleMs: undefined }
const record: Candidate = {
  folder: 'a',
  timestampMs: 0,
  nowMs: 0,
  folderIsOpen: true,
  schemaDiffers: false,
  isTombstone: false,
}

type Row = readonly [
  string,
  Partial<RotationState>,
  Partial<Candidate>,
  Partial<RotationPolicy>,
  RotationReason | undefined,
]

describe('rotation before a record', () => {
  const minute = { intervalMs: 60_000 }
  const rows: readonly Row[] = [
    ['no, when nothing asks for it', {}, {}, {}, undefined],
    [
      'no, when nothing is open, whatever else',
      { records: 0, nextScheduleMs: 0 },
      { timestampMs: 1e9, folder: 'b', folderIsOpen: false },
      minute,
      undefined,
    ],
    ['by interval at exactly the interval', {}, { timestampMs: 60_000 }, minute, 'INTERVAL'],
    ['not 1 ms before', {}, { timestampMs: 59_999 }, minute, undefined],
    ['not by a record from the past', { baseMs: 100_000 }, { timestampMs: 10_000 }, minute, undefined],
    [
      'counted from the first record, not the last: 159 s after 100 s',
      { baseMs: 100_000 },
      { timestampMs: 159_000 },
      minute,
      undefined,
    ],
    ['160 s after 100 s', { baseMs: 100_000 }, { timestampMs: 160_000 }, minute, 'INTERVAL'],
    ['by a change of partition', {}, { folder: 'b', folderIsOpen: false }, minute, 'PARTITION_CHANGE'],
    [
      'not by a change of partition when switched off',
      {},
      { folder: 'b' },
      { ...minute, onPartitionChange: false },
      undefined,
    ],
    ['not by a change of partition without an interval', {}, { folder: 'b', folderIsOpen: false }, {}, undefined],
    ['not by a change to or from tombstones', {}, { folder: 't', isTombstone: true }, minute, undefined],
    ['by the clock', { nextScheduleMs: 1000 }, { nowMs: 1000 }, { scheduled: true }, 'SCHEDULE'],
    ['not before the clock', { nextScheduleMs: 1000 }, { nowMs: 999 }, { scheduled: true }, undefined],
    ['by another schema in the same folder', {}, { schemaDiffers: true }, {}, 'SCHEMA_CHANGE'],
    [
      'not by another schema for a folder that is not open',
      {},
      { schemaDiffers: true, folderIsOpen: false },
      {},
      undefined,
    ],
    [
      'by too many open objects',
      { openFiles: 5 },
      { folder: 'b', folderIsOpen: false },
      { maxOpenFiles: 5 },
      'OPEN_FILES',
    ],
    ['not when the folder is one of the open ones', { openFiles: 5 }, {}, { maxOpenFiles: 5 }, undefined],
  ]
  for (const [name, moreState, moreRecord, morePolicy, expected] of rows)
    it(name, () =>
      assert.equal(
        rotationBefore({ ...state, ...moreState }, { ...record, ...moreRecord }, { ...policy, ...morePolicy }),
        expected,
      ),
    )
})

describe('rotation after a record', () => {
  it('comes with flush.size records, over all folders', () => {
    assert.equal(rotationAfter({ ...state, records: 2 }, policy), undefined)
    assert.equal(rotationAfter({ ...state, records: 3, openFiles: 3 }, policy), 'SIZE')
  })
  it('comes after every record for a flush.size of 0 or less', () => {
    assert.equal(rotationAfter({ ...state, records: 1 }, { ...policy, flushSize: -1 }), 'SIZE')
  })
})

it('an empty round is never due', () => {
  assert.equal(rotationIsDue({ ...state, records: 0, nextScheduleMs: 0 }, 1), false)
  assert.equal(rotationIsDue({ ...state, nextScheduleMs: 0 }, 1), true)
})

describe('the next scheduled rotation', () => {
  const hour = 3_600_000
  const rows: readonly (readonly [string, string, number, string, string])[] = [
    ['an exact boundary gives the next', '2024-03-01T00:00:00Z', hour, 'UTC', '2024-03-01T01:00:00Z'],
    ['just before midnight', '2024-03-01T23:59:59.999Z', hour, 'UTC', '2024-03-02T00:00:00Z'],
    ['7 hours begin anew at midnight', '2024-03-01T21:30:00Z', 7 * hour, 'UTC', '2024-03-02T00:00:00Z'],
    ['7 hours within the day', '2024-03-01T08:00:00Z', 7 * hour, 'UTC', '2024-03-01T14:00:00Z'],
    ['48 hours mean every midnight', '2024-03-01T10:00:00Z', 48 * hour, 'UTC', '2024-03-02T00:00:00Z'],
    ['in local days', '2024-03-01T22:30:00Z', 24 * hour, 'Europe/Berlin', '2024-03-01T23:00:00Z'],
    [
      '2 hours on the day of 25 hours: 00:30 PDT to the second 01:00',
      '2017-11-05T07:30:00Z',
      2 * hour,
      'America/Los_Angeles',
      '2017-11-05T09:00:00Z',
    ],
  ]
  for (const [name, now, period, zone, expected] of rows)
    it(name, () => {
      const next = nextScheduledRotation(Date.parse(now), period, new TimeZone(zone))
      assert.equal(new Date(next).toISOString(), new Date(expected).toISOString())
    })
})
