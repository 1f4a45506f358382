import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { APIS, ErrorCode } from 'naru/protocol'

import { newDataDir } from './support/embedded-kafka.ts'
import { BrokerProcess } from './support/kafka-broker-process.ts'
import { committedOffset, readTopic, TransactionSteps } from './support/kafka-transactions.ts'
import { KafkaWire } from './support/kafka-wire.ts'

const TOPIC = 'survivor'

describe('transactions after kill -9 of the embedded broker', () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = newDataDir()
  })
  afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }))

  async function running<T>(action: (wire: KafkaWire, broker: BrokerProcess) => Promise<T>): Promise<T> {
    await using broker = await BrokerProcess.start(dataDir)
    await using wire = await KafkaWire.connect(broker.port)
    const topic = { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    await wire.send(APIS.CreateTopics, 7, { topics: [topic] })
    return await action(wire, broker)
  }

  it('go on where they were: the open one commits, the producer keeps its epoch and sequence', async () => {
    const steps = async (wire: KafkaWire) => {
      const txn = new TransactionSteps(wire, 'goes-on')
      const me = await txn.init()
      await txn.add(me, TOPIC)
      await txn.produce(me, TOPIC, ['a'])
      await txn.end(me, false)
      await txn.add(me, TOPIC)
      await txn.produce(me, TOPIC, ['b'])
      await txn.offsets(me, 'g', TOPIC, 1)
      return { txn, me }
    }
    const { txn, me } = await running(steps)
    await running(async (wire) => {
      const open = await readTopic(wire, TOPIC, true)
      assert.deepEqual([open.lastStableOffset, open.highWatermark, open.abortedTransactions.length], [2, 3, 1])
      assert.equal(await committedOffset(wire, 'g', TOPIC, true), `error ${ErrorCode.UNSTABLE_OFFSET_COMMIT}`)
      const again = txn.on(wire)
      assert.equal(await again.produce(me, TOPIC, ['c']), 0)
      assert.equal(await again.end(me, true), 0)
      const committed = await readTopic(wire, TOPIC, true)
      assert.deepEqual(committed.values, ['a', 'b', 'c'], 'the first by who ignores that it was aborted')
      assert.equal(committed.lastStableOffset, committed.highWatermark)
      assert.equal(await committedOffset(wire, 'g', TOPIC, true), 1)
    })
  })

  for (const [state, aborted] of [
    ['PrepareCommit', 0],
    ['PrepareAbort', 1],
  ] as const) {
    it(`are ended as decided when the markers were not written (${state})`, async () => {
      const me = await running(async (wire) => {
        const txn = new TransactionSteps(wire, 'decided')
        const identity = await txn.init()
        await txn.add(identity, TOPIC)
        await txn.produce(identity, TOPIC, ['a'])
        await txn.offsets(identity, 'g', TOPIC, 1)
        return identity
      })
      const journal = path.join(dataDir, 'transactions.journal')
      const last = JSON.parse(fs.readFileSync(journal, 'utf8').trim().split('\n').at(-1)!) as object
      fs.appendFileSync(journal, `${JSON.stringify({ ...last, state })}\n{"torn`)
      for (let round = 0; round < 2; round++) {
        await running(async (wire) => {
          while ((await readTopic(wire, TOPIC, true)).lastStableOffset < 2) await new Promise(setImmediate)
          const { highWatermark, abortedTransactions } = await readTopic(wire, TOPIC, true)
          assert.deepEqual([highWatermark, abortedTransactions.length], [2, aborted], 'one marker, not two')
          assert.equal(await committedOffset(wire, 'g', TOPIC, true), aborted === 0 ? 1 : -1)
          assert.equal(await new TransactionSteps(wire, 'decided').end(me, aborted === 0), 0, 'the producer asks again')
        })
      }
    })
  }

  it('time out when nobody goes on', async () => {
    await running(async (wire) => {
      const txn = new TransactionSteps(wire, 'left')
      const me = await txn.init(undefined, 500)
      await txn.add(me, TOPIC)
      await txn.produce(me, TOPIC, ['a'])
    })
    await running(async (wire) => {
      while ((await readTopic(wire, TOPIC, true)).abortedTransactions.length === 0) await new Promise(setImmediate)
    })
  })

  it('are whole or not at all, wherever the kill strikes', async () => {
    const acknowledged = new Map<string, boolean>()
    for (let round = 0; round < 4; round++) {
      await running(async (wire, broker) => {
        const txn = new TransactionSteps(wire, 'random')
        const me = await txn.init()
        for (let n = 0; ; n++) {
          const name = `${round}/${n}`
          const work = async () => {
            await txn.add(me, TOPIC)
            await txn.produce(me, TOPIC, [`${name} a`])
            await txn.produce(me, TOPIC, [`${name} b`])
            acknowledged.set(name, false)
            return await txn.end(me, true)
          }
          if (n === 20 + round * 7) setTimeout(() => void broker.kill(), round)
          const ended = await work().catch(() => undefined)
          if (ended === undefined) return
          assert.equal(ended, 0)
          acknowledged.set(name, true)
        }
      })
    }
    await running(async (wire) => {
      const open = await new TransactionSteps(wire, 'random').init()
      assert.equal(open.errorCode, 0)
      const present = new Set((await readTopic(wire, TOPIC, true, 0, true)).values)
      for (const [name, isSure] of acknowledged) {
        const [a, b] = [present.has(`${name} a`), present.has(`${name} b`)]
        assert.equal(a, b, `transaction ${name} is whole`)
        if (isSure) assert.ok(a, `transaction ${name} was acknowledged`)
      }
    })
  })
})
