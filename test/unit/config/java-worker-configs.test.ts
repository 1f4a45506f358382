import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { configText } from '../../../runtime/api/config-def.ts'
import type { ConfigKey } from '../../../runtime/api/index.ts'
import { distributedWorkerDef } from '../../../runtime/config/distributed-worker-keys.ts'
import { MAC_ALGORITHMS } from '../../../runtime/config/mac-algorithms.ts'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'
import type { WorkerMode } from '../../../runtime/config/worker-config.ts'
import { workerClientDef } from '../../../runtime/config/worker-client-keys.ts'
import { CLIENT_KEYS, commonWorkerDef, standaloneWorkerDef } from '../../../runtime/config/worker-keys.ts'

/**
 * `distributed`, `standalone`: type and default (none: required) of every key of DistributedConfig and StandaloneConfig of Kafka
 * Connect 4.3.1. `refused`: mode, key, value (null: left out) and the message of these classes, as far as it does not name the JVM.
 */
const JAVA = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/connect-4.3/worker-configs.json'), 'utf8'),
) as Readonly<Record<WorkerMode, Readonly<Record<string, readonly [string, unknown?]>>>> & {
  readonly refused: readonly (readonly [WorkerMode, string, string | null, string])[]
}

const SOUND: Readonly<Record<WorkerMode, Readonly<Record<string, string>>>> = {
  distributed: {
    'group.id': 'g',
    'config.storage.topic': 'c',
    'offset.storage.topic': 'o',
    'status.storage.topic': 's',
  },
  standalone: { 'offset.storage.file.filename': 'f' },
}
const COMMON = {
  'bootstrap.servers': 'localhost:9092',
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
}

const text = (type: string, value: unknown): string =>
  value === null ? 'null' : typeof value === 'string' ? value : configText(value, type as ConfigKey['type'])

describe("a worker's keys, as Kafka Connect 4.3.1 defines them", () => {
  for (const [mode, own] of [
    ['distributed', distributedWorkerDef.keys],
    ['standalone', standaloneWorkerDef.keys],
  ] as const) {
    const ours: Readonly<Record<string, ConfigKey>> = { ...workerClientDef.keys, ...commonWorkerDef.keys, ...own }

    it(`have the same types and defaults in a ${mode} worker`, () => {
      const differing = Object.entries(JAVA[mode]).flatMap(([name, [type, ...byDefault]]) => {
        const key = ours[name]
        if (key === undefined || name === 'plugin.path') return [] // theirs is null, ours empty: no folder either way
        const wanted = byDefault.length === 0 ? 'required' : text(type, byDefault[0])
        const found = key.default === undefined ? 'required' : text(key.type, key.default)
        return key.type === type && found === wanted ? [] : [`${name}: ${key.type} ${found}, not ${type} ${wanted}`]
      })
      assert.deepEqual(differing, [])
    })

    it(`are all known to a ${mode} worker: defined, or settings of its clients`, () => {
      const defined: Readonly<Record<string, ConfigKey>> = { ...commonWorkerDef.keys, ...own }
      const others = Object.entries(JAVA[mode]).filter(([name]) => defined[name] === undefined)
      assert.ok(others.length > 0)
      assert.deepEqual(
        others.map(([name]) => name).filter((name) => !CLIENT_KEYS.includes(name) && !/^(ssl|sasl)\./.test(name)),
        [],
      )
      const props = Object.fromEntries(others.map(([name, [type, byDefault]]) => [name, text(type, byDefault ?? '1')]))
      assert.deepEqual(WorkerConfig.parse({ ...COMMON, ...SOUND[mode], ...props }, mode).warnings(), [])
    })
  }

  it('take every algorithm for session keys that a JVM has', () => {
    const algorithms = [...MAC_ALGORITHMS, 'AES', 'ARCFOUR', 'Blowfish', 'ChaCha20', 'DES', 'DESede', 'RC2']
    for (const algorithm of algorithms)
      WorkerConfig.parse({ ...COMMON, ...SOUND.distributed, 'inter.worker.key.generation.algorithm': algorithm })
  })

  for (const [mode, key, value, message] of JAVA.refused)
    it(`${mode}: ${value === null ? `without ${key}` : `${key}=${value}`} is refused in the same words`, () => {
      const { [key]: _, ...rest }: Record<string, string> = { ...COMMON, ...SOUND[mode] }
      assert.throws(
        () => WorkerConfig.parse(value === null ? rest : { ...rest, [key]: value }, mode),
        (error: Error) => error.message.startsWith(message) || assert.equal(error.message, message) === undefined,
      )
    })
})
