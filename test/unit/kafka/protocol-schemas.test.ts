import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { APIS, Reader, Writer } from '../../../runtime/kafka/protocol/index.ts'
import type { AnyApi } from '../../../runtime/kafka/protocol/index.ts'
import { parseSchema, sampleBytes } from './support/official-schema.ts'

/**
 * The message schemas of Apache Kafka 4.3.1, one line per message and version. Sample bytes are made from them by an independent
 * generator; our tables must read them under the same field names and write the same bytes again.
 */
const lines = readFileSync(new URL('../../fixtures/kafka/schemas-4.3.1.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => line.split('\t') as [string, string, string])

for (const api of Object.values(APIS) as unknown as AnyApi[]) {
  for (const side of ['Request', 'Response'] as const) {
    test(`${api.name}${side} agrees with Apache Kafka's schema in every version`, () => {
      const versions = lines.filter(([name]) => name === api.name + side)
      assert.equal(Number(versions.at(-1)![1]) - Math.max(api.maxVersion, 0), api.name === 'InitProducerId' ? 1 : 0)
      let checked = 0
      for (const [, version, text] of versions) {
        if (!api.supports(Number(version))) continue
        checked++
        for (let seed = 1; seed <= 5; seed++) {
          const sample = sampleBytes(parseSchema(text), seed)
          const reader = new Reader(sample.bytes)
          const message =
            side === 'Request' ? api.readRequest(reader, Number(version)) : api.readResponse(reader, Number(version))
          assert.equal(reader.remaining, 0, `version ${version} leaves bytes`)
          assert.deepEqual(carried(message, sample.value), sample.value, `fields of version ${version}`)
          const writer = new Writer(16)
          if (side === 'Request') api.writeRequest(writer, Number(version), message as never)
          else api.writeResponse(writer, Number(version), message as never)
          assert.deepEqual(writer.toBuffer(), sample.bytes, `bytes of version ${version}`)
        }
      }
      assert.ok(checked > 0)
    })
  }
}

/** `message` reduced to the fields that `model` has: what a version does not carry is of no interest here. */
function carried(message: unknown, model: unknown): unknown {
  if (Buffer.isBuffer(message) || Buffer.isBuffer(model)) return message
  if (Array.isArray(message) && Array.isArray(model)) return message.map((each, i) => carried(each, model[i]))
  if (typeof message !== 'object' || message === null || typeof model !== 'object' || model === null) return message
  return Object.fromEntries(
    Object.keys(model).map((key) => [
      key,
      carried((message as Record<string, unknown>)[key], (model as Record<string, unknown>)[key]),
    ]),
  )
}
