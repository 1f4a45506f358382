import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { configDef } from '../../../runtime/api/index.ts'
import type { ConfigType } from '../../../runtime/api/index.ts'

/** What org.apache.kafka.common.config.ConfigDef of Kafka 4.3.1 makes of a text: recorded by running it, a list as JSON. */
interface Recorded {
  readonly type: ConfigType
  readonly value: string
  readonly java?: string
  readonly error?: string
}

const recorded = readFileSync(new URL('../../fixtures/connect-4.3/config-values.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)

function shown(type: ConfigType, value: unknown, java: string): string {
  if (Array.isArray(value)) return JSON.stringify(value)
  // A double prints otherwise, and a long beyond 2^53 is a double here.
  return (type === 'DOUBLE' || type === 'LONG') && Number(java) === value ? java : String(value)
}

describe('the value of a configuration key', () => {
  for (const type of new Set(recorded.map((each) => each.type)))
    it(`of type ${type} is read, or refused, as by Kafka`, () => {
      const definition = configDef({ k: { type, importance: 'HIGH', documentation: 'a key' } })
      for (const { value, java, error } of recorded.filter((each) => each.type === type)) {
        const read = (): unknown => definition.parse({ k: value }).k
        if (java === undefined) assert.throws(read, { name: 'ConfigError', message: error! }, JSON.stringify(value))
        else
          assert.ok(
            Object.is(shown(type, read(), java), java),
            `${JSON.stringify(value)} is ${java}, not ${String(read())}`,
          )
      }
    })
})
