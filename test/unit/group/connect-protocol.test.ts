import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_WORK } from '../../../runtime/group/assignment.ts'
import {
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
} from '../../../runtime/group/connect-protocol.ts'
import type { Assignment } from '../../../runtime/group/connect-protocol.ts'

const URL = '000b687474703a2f2f683a312f'
const OFFSET_7 = '0000000000000007'
const url = 'http://h:1/'

const full: Assignment = {
  error: 'none',
  leader: 'L',
  leaderUrl: url,
  configOffset: 7,
  assigned: {
    connectors: ['c1'],
    tasks: [
      { connector: 'c1', task: 0 },
      { connector: 'c2', task: 1 },
    ],
  },
  revoked: { connectors: ['c3'], tasks: [{ connector: 'c3', task: 2 }] },
  delayMs: 5,
}
const FULL =
  `0000 00014c ${URL} ${OFFSET_7} 00000002 00026331 00000002 ffffffff 00000000 00026332 00000001 00000001 ` +
  '00000001 00026333 00000002 ffffffff 00000002 00000005'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

// Vectors made by running Kafka Connect's own code.
describe('the Connect group protocol', () => {
  it('writes member metadata as Kafka Connect does', () => {
    const metadata = { url, configOffset: 7, held: undefined }
    assert.deepEqual(encodeMetadata(0, metadata), hex(`0000 ${URL} ${OFFSET_7}`))
    assert.deepEqual(encodeMetadata(1, metadata), hex(`0001 ${URL} ${OFFSET_7} ffffffff`))
    const carrying = encodeMetadata(2, { ...metadata, held: full })
    assert.deepEqual(carrying, hex(`0002 ${URL} ${OFFSET_7} 00000054 0002 ${FULL}`))
    assert.deepEqual(decodeMetadata(carrying), { url, configOffset: 7, held: full })
  })

  it('writes assignments as Kafka Connect does', () => {
    assert.deepEqual(encodeAssignment(1, full), hex(`0001 ${FULL}`))
    const empty: Assignment = { ...full, assigned: NO_WORK, revoked: NO_WORK, delayMs: 0 }
    assert.deepEqual(encodeAssignment(2, empty), hex(`0002 0000 00014c ${URL} ${OFFSET_7} 00000000 00000000 00000000`))
    const eager: Assignment = {
      ...empty,
      error: 'config mismatch',
      leaderUrl: 'u',
      configOffset: 3,
      assigned: full.assigned,
    }
    const bytes = hex(
      '0000 0001 00014c 000175 0000000000000003 00000002 00026331 00000002 ffffffff 00000000 00026332 00000001 00000001',
    )
    assert.deepEqual(encodeAssignment(0, eager), bytes)
    assert.deepEqual(decodeAssignment(bytes), eager)
  })

  it('reads what it wrote, a newer version, and a form without its last fields', () => {
    assert.deepEqual(decodeAssignment(encodeAssignment(2, full)), full)
    assert.deepEqual(decodeAssignment(hex(`0009 ${FULL}`)), full)
    const short = hex(`0001 0000 00014c ${URL} ${OFFSET_7} 00000000`)
    assert.deepEqual(decodeAssignment(short), { ...full, assigned: NO_WORK, revoked: NO_WORK, delayMs: 0 })
  })

  it('refuses a message that is cut off', () => {
    assert.throws(() => decodeAssignment(hex('0001 0000 0005 4c')), /cut off|range/)
  })
})
