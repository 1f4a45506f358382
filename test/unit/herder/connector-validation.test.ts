import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { ConfigInfo, ConfigInfos, ConfigKeyInfo, Props, SourceConnector } from '../../../runtime/api/index.ts'
import { WorkerConfig } from '../../../runtime/config/worker-config.ts'
import { Secrets } from '../../../runtime/config/secrets.ts'
import { ConnectorValidation } from '../../../runtime/herder/connector-validation.ts'
import type { HerderParts } from '../../../runtime/herder/parts.ts'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from '../plugins/silent-logger.ts'
import { referencePlugins } from './reference-plugins.ts'

/** Recorded from Kafka Connect 4.3.1: PUT /connector-plugins/{plugin}/config/validate. Documentation texts are left out. */
interface Recording {
  readonly definitions: readonly Omit<ConfigKeyInfo, 'documentation'>[]
  readonly recommended: readonly (readonly string[])[]
  readonly rows: readonly (readonly [
    name: string,
    definition: number | null,
    value: string | null,
    errors: readonly string[],
    recommended: number,
    visible: boolean,
  ])[]
  readonly cases: readonly {
    readonly id: string
    readonly worker: keyof typeof WORKERS
    readonly config: Props
    readonly status: number
    readonly name?: string
    readonly error_count?: number
    readonly groups?: readonly string[]
    readonly configs?: readonly number[]
  }[]
}

const WORKERS = {
  all: {},
  none: { 'connector.client.config.override.policy': 'None' },
  principal: { 'connector.client.config.override.policy': 'Principal' },
  allowlist: {
    'connector.client.config.override.policy': 'Allowlist',
    'connector.client.config.override.allowlist': 'acks,linger.ms',
  },
  eos: { 'exactly.once.source.support': 'enabled' },
} as const

/**
 * Messages that are meant to differ; their number may not. The reference shows a Java exception, mixes up arguments, or lists one version
 * twice; regular expressions are explained by another engine.
 */
const OTHER_WORDS: readonly RegExp[] = [
  /Invalid regex: /,
  /Invalid type found in casting spec/,
  /Invalid rename mapping: a:b:int8/,
  /available versions: \[(.*), \1\]/,
  /could not be found\./,
  /not found that matches the version range .* available versions: /,
]

/** Answers that are meant to say more than the reference: it finds these mistakes only when the connector starts. */
const SAYS_MORE = new Set(['tc-groups', 'tc-default-bad', 'tc-default-partial', 'tc-default-extra'])

/** Refused by the REST layer, or with an internal error; ours answers with the error at its key. */
const ANSWERED = new Set(['ov-producer', 'class-spaces', 'path-mismatch', 'ver-conn-[1.0'])

/** Ours understands short names of nested classes too. */
const ACCEPTED = new Set(['V10-short'])

const recording = JSON.parse(
  readFileSync(new URL('../../fixtures/connect-4.3/validation.json', import.meta.url), 'utf8'),
) as Recording
const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger, extra: referencePlugins })

function validation(worker: keyof typeof WORKERS): ConnectorValidation {
  const config = WorkerConfig.parse({
    'bootstrap.servers': 'localhost:9092',
    'group.id': 'connect-group',
    'config.storage.topic': 'c',
    'offset.storage.topic': 'o',
    'status.storage.topic': 's',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    ...WORKERS[worker],
  })
  const parts = {
    config,
    plugins,
    secrets: new Secrets(new Map()),
    stages: { during: async (_: string, work: () => Promise<unknown>) => await work() },
    logger: silentLogger,
    worker: {
      definition: async (_: string, props: Props) => plugins.connectorOf(props).class.configDef(),
      validate: async (_: string, props: Props) => plugins.connectorOf(props).class.configDef().validate(props),
      exactlyOnce: async (className: string, props: Props, method: 'exactlyOnceSupport') =>
        (new (plugins.connector(className).class)() as SourceConnector)[method]?.(props),
    },
  } as unknown as HerderParts
  return new ConnectorValidation(parts)
}

type Shown = Readonly<Record<string, unknown>>

/** The reference lists one key twice when two parts of it looked at it, and classes once per version. */
function expected(indexes: readonly number[]): Map<string, Shown> {
  const shown = new Map<string, Shown>()
  for (const [name, at, value, errors, listed, visible] of indexes.map((index) => recording.rows[index]!)) {
    const before = shown.get(name)
    shown.set(name, {
      definition: at === null ? null : recording.definitions[at]!,
      value,
      recommended: [...new Set(recording.recommended[listed]!)],
      errors: [...((before?.['errors'] as readonly string[] | undefined) ?? []), ...errors].map(comparable),
      visible,
    })
  }
  return shown
}

function actual(configs: readonly ConfigInfo[]): Map<string, Shown> {
  return new Map(
    configs.map(({ definition, value }) => {
      const { documentation, ...shown } = definition ?? { documentation: 'none' }
      assert.notEqual(documentation, '', `${value.name} is documented`)
      const { name, recommended_values: recommended, errors, visible } = value
      const answer = {
        definition: definition === null ? null : shown,
        value: value.value,
        recommended,
        errors: errors.map(comparable),
        visible,
      }
      return [name, answer]
    }),
  )
}

function comparable(message: string): string {
  return OTHER_WORDS.some((words) => words.test(message)) ? 'in other words' : message
}

function compare(infos: ConfigInfos, of: Recording['cases'][number]): void {
  const [theirs, ours] = [expected(of.configs!), actual(infos.configs)]
  for (const [name, shown] of theirs) assert.deepEqual(ours.get(name), shown, `${of.id}: ${name}`)
  const more = [...ours.keys()].filter((name) => !theirs.has(name))
  if (SAYS_MORE.has(of.id)) return
  assert.deepEqual(more, [], `${of.id}: keys`)
  assert.equal(infos.error_count, of.error_count, `${of.id}: count`)
  assert.deepEqual([...infos.groups].sort(), [...of.groups!].sort(), `${of.id}: groups`)
  assert.equal(infos.name, of.name)
  // converters list their keys in the order of a Java hash map
  const own = (names: Iterable<string>): string[] =>
    [...names].filter((name) => !/^(key|value|header)\.converter\.|\.override\./.test(name))
  assert.deepEqual(own(ours.keys()), own(theirs.keys()), `${of.id}: order`)
}

describe('validation answers are those of Kafka Connect 4.3.1', () => {
  for (const of of recording.cases) {
    it(of.id, async () => {
      const answer = validation(of.worker).validate(of.config)
      if (of.status === 200 || ANSWERED.has(of.id)) {
        const infos = await answer
        if (of.status === 200 && !ACCEPTED.has(of.id)) compare(infos, of)
      } else await assert.rejects(answer)
    })
  }
})
