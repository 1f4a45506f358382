import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { until } from '../../acceptance/support/connect-cluster.ts'
import type { ClusterWorker, ConnectCluster } from '../../acceptance/support/connect-cluster.ts'
import type { JavaWorker } from './support/java-distributed.ts'
import { MixedGroup } from './support/mixed-group.ts'

describe('a group of a Java worker and one of Naru', () => {
  let group: MixedGroup
  let cluster: ConnectCluster
  let java: JavaWorker
  let naru: ClusterWorker
  before(async () => {
    group = await MixedGroup.start()
    ;({ cluster, java, naru } = group)
  })
  after(async () => await group?.[Symbol.asyncDispose]())

  test('the Java worker leads: either forwards to the other, work is shared, and both say the same', async () => {
    await until('both are in the group', async () => (await group.leads()) === 'java')
    const names = ['a', 'b', 'c', 'd']
    for (const [index, name] of names.entries()) {
      await group.createFile(name)
      const url = index % 2 === 0 ? naru.url : java.url
      const { status, body } = await group.ask(url, 'PUT', `/connectors/${name}/config`, group.source(name))
      assert.equal(status, 201, JSON.stringify(body))
    }
    const owners = new Set<string>()
    for (const name of names) {
      const { connector, tasks } = await group.running(name, 1)
      owners.add(connector.worker_id)
      owners.add(tasks[0]!.worker_id)
      await group.write(name, `1 ${name}`, `2 ${name}`)
      assert.deepEqual(await group.values(name, 2), [`1 ${name}`, `2 ${name}`])
    }
    assert.deepEqual([...owners].sort(), [java.workerId, naru.workerId].sort())
    for (const path of ['/connectors/a/config', '/connectors/a', '/connectors/a/tasks'])
      assert.deepEqual(await group.ask(naru.url, 'GET', path), await group.ask(java.url, 'GET', path))
  })

  test("Java's sink and ours share a consumer group", async () => {
    const topic = await cluster.createTopic('shared', 2)
    const file = join(group.folder, 'shared.out')
    const config = { 'connector.class': 'FileStreamSink', 'tasks.max': '2', file, topics: topic }
    assert.equal((await group.ask(java.url, 'PUT', '/connectors/shared/config', config)).status, 201)
    const { tasks } = await group.running('shared', 2)
    assert.equal(new Set(tasks.map((task) => task.worker_id)).size, 2, 'one task on each worker')
    const records = Array.from({ length: 100 }, (_, i) => ({ value: `line ${i}`, partition: i % 2 }))
    await cluster.kafka.produce(topic, records)
    await until('all lines are in the file', async () => {
      const lines = (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n')
      return lines.length === 100 && new Set(lines).size === 100 ? true : lines.length
    })
  })

  test('the Java worker goes: Naru leads, and goes on behind the offsets of the other', async () => {
    await java.stop()
    await until('Naru leads', async () => (await group.leads()) === 'naru')
    for (const name of ['a', 'b', 'c', 'd']) {
      await group.runningOn(naru, name)
      await group.write(name, `3 ${name}`)
      assert.deepEqual(
        await group.values(name, 3),
        [1, 2, 3].map((n) => `${n} ${name}`),
      )
    }
  })

  test('the Java worker comes back: Naru leads on, and work moves to the other behind its own offsets', async () => {
    await java.start()
    // It listens before it has the connectors.
    await until('it knows them', async () => (await group.ask(java.url, 'GET', '/connectors/a')).status === 200)
    const { status } = await group.ask(java.url, 'PUT', '/connectors/a/pause')
    assert.equal(status, 202)
    const owners = new Set<string>()
    await until('both have work', async () => {
      owners.clear()
      for (const name of ['b', 'c', 'd'])
        for (const { worker_id: id } of (await group.running(name, 1)).tasks) owners.add(id)
      return owners.size === 2 || [...owners]
    })
    assert.equal(await group.leads(), 'naru')
    assert.equal((await group.ask(java.url, 'PUT', '/connectors/a/resume')).status, 202)
    for (const name of ['a', 'b', 'c', 'd']) {
      await group.running(name, 1)
      await group.write(name, `4 ${name}`)
      assert.deepEqual(
        await group.values(name, 4),
        [1, 2, 3, 4].map((n) => `${n} ${name}`),
      )
    }
    // Forwarded from the Java worker to the leader, and signed task configs the other way.
    const changed = { ...group.source('b'), 'batch.size': '7' }
    assert.equal((await group.ask(java.url, 'PUT', '/connectors/b/config', changed)).status, 200)
    await until('the task has it', async () => {
      const { body } = await group.ask(java.url, 'GET', '/connectors/b/tasks')
      return JSON.stringify(body).includes('"batch.size":"7"') || body
    })
    await group.running('b', 1)
  })

  test('Naru goes: the Java worker leads, and goes on behind the offsets of Naru', async () => {
    await cluster.removeWorker(naru)
    for (const name of ['a', 'b', 'c', 'd']) {
      await group.runningOn(java, name)
      await group.write(name, `5 ${name}`)
      assert.deepEqual(
        await group.values(name, 5),
        [1, 2, 3, 4, 5].map((n) => `${n} ${name}`),
      )
    }
    await until('the offset is committed', async () => {
      const { body } = await group.ask(java.url, 'GET', '/connectors/d/offsets')
      const wanted = { offsets: [{ partition: { filename: group.fileOf('d') }, offset: { position: 20 } }] }
      return isDeepStrictEqual(body, wanted) || body
    })
  })
})
