/** librdkafka's own tool on the embedded broker; where kcat is not installed the tests are reported as skipped. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'

import { startKafka } from '../support/embedded-kafka.ts'

const missing = spawnSync('kcat', ['-V']).error !== undefined && 'kcat is not installed'

describe('kcat on the embedded broker', { skip: missing }, () => {
  let scope: Awaited<ReturnType<typeof startKafka>>
  before(async () => {
    scope = await startKafka()
  })
  after(() => scope[Symbol.asyncDispose]())

  /** Runs kcat to its end. Anything on stderr, such as librdkafka's warnings, fails the test. */
  async function kcat(args: readonly string[], input = ''): Promise<string> {
    const child = spawn('kcat', ['-b', scope.kafka.bootstrap, '-q', ...args])
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.stdin.end(input)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    assert.deepEqual([code, err], [0, ''])
    return out
  }

  const lines = Array.from({ length: 1000 }, (_, i) => `${i}`).join('\n')

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    it(`produces and consumes with compression ${codec}`, async () => {
      const topic = `kcat-${codec}`
      await kcat(['-P', '-t', topic, '-z', codec], lines)
      assert.equal((await kcat(['-C', '-t', topic, '-o', 'beginning', '-e'])).trim(), lines)
    })
  }

  it('produces idempotently and consumes in a group', async () => {
    await kcat(['-P', '-t', 'kcat-group', '-X', 'enable.idempotence=true'], lines)
    const group = ['-G', 'kcat-readers', '-X', 'auto.offset.reset=earliest', '-e', 'kcat-group']
    assert.equal((await kcat(group)).trim(), lines)
    assert.equal((await kcat(group)).trim(), '', 'the offsets were committed')
  })

  it('lists metadata', async () => {
    assert.match(await kcat(['-L']), /broker 1 at 127\.0\.0\.1:\d+ \(controller\)/)
  })
})
