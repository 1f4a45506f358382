import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isConnectError } from '../api/errors.ts'
import type { Plugin } from '../api/plugin.ts'
import type { Props } from '../api/props.ts'
import type { SinkRecord, SourceRecord } from '../api/record.ts'
import { within } from '../async/abort.ts'
import { LogLines } from './log-lines.ts'
import { configErrors, connectorOf, taskConfigs } from './plugin-connector.ts'
import { SinkTaskHarness } from './sink-task-harness.ts'
import { SourceTaskHarness } from './source-task-harness.ts'

/** How to make a source busy. */
export interface SourceCase {
  readonly plugin: Plugin
  readonly connector: string
  /** A config that works, made anew for each test: a database or file of its own. Disposed after the test if it can be. */
  setUp(): Promise<Scope>
  /** Makes the source hold `count` records more, or let it (a source that has them anyway does nothing). */
  feed(scope: Scope, count: number): Promise<void>
  /** A record without what differs between two readings of the same, such as a timestamp; default key and value. */
  identity?(record: SourceRecord): unknown
}

export interface SinkCase {
  readonly plugin: Plugin
  readonly connector: string
  setUp(): Promise<Scope>
  /** Records of one kind that the sink takes. */
  record(sink: SinkTaskHarness, number: number): SinkRecord
  /** How many records are in the target, whatever is on its way left out. */
  stored(scope: Scope): Promise<number>
}

export interface Scope extends Partial<AsyncDisposable> {
  readonly props: Props
}

const STOP_MS = 5_000
const SOME = 10

/**
 * What every connector has to get right, as tests of `node:test`: its definition, its tasks' configs, starting, stopping while it waits, reading on
 * behind what was committed, committing no more than it was given.
 */
export function connectorAcceptance(of: SourceCase | SinkCase): void {
  void describe(`${of.connector} is a good connector`, () => {
    definitionTests(of)
    if ('feed' in of) sourceTests(of)
    else sinkTests(of)
  })
}

async function inScope(of: SourceCase | SinkCase, work: (scope: Scope) => Promise<void>): Promise<void> {
  const scope = await of.setUp()
  try {
    await work(scope)
  } finally {
    await scope[Symbol.asyncDispose]?.()
  }
}

function definitionTests(of: SourceCase | SinkCase): void {
  const connector = connectorOf(of.plugin, of.connector)

  void test('it says its version, and every key says what it is for', () => {
    assert.match(connector.version, /^\d+\.\d+/)
    const silent = Object.entries(connector.configDef().keys).filter(([, key]) => key.documentation.trim() === '')
    assert.deepEqual(
      silent.map(([name]) => name),
      [],
      'keys without documentation',
    )
  })

  void test('its config is valid, and one without the required keys is not', () =>
    inScope(of, async ({ props }) => {
      assert.deepEqual(await configErrors(connector, { name: 'c', topics: 'topic', ...props }), [])
      const required = Object.entries(connector.configDef().keys).filter(([, key]) => !('default' in key))
      const errors = await configErrors(connector, { name: 'c' }).catch((error: unknown) => {
        assert.fail(`validate() throws on an empty config; it has to answer: ${String(error)}`)
      })
      for (const [name] of required)
        assert.ok(
          errors.some((error) => error.startsWith(`${name}: `)),
          `nothing is said about the missing ${name}`,
        )
    }))

  void test('it makes as many task configs as allowed at most, of strings only', () =>
    inScope(of, async ({ props }) => {
      for (const maxTasks of [1, 3]) {
        const given = { topics: 'topic', ...props }
        const configs = await taskConfigs(connector, { name: 'c', props: given, maxTasks, logger: new LogLines() })
        assert.ok(configs.length <= maxTasks, `${configs.length} task configs for tasks.max=${maxTasks}`)
        for (const config of configs)
          for (const [key, value] of Object.entries(config)) assert.equal(typeof value, 'string', `the value of ${key}`)
      }
    }))
}

function sourceTests(of: SourceCase): void {
  const { plugin, connector } = of
  const identity = of.identity ?? (({ key, value }: SourceRecord): unknown => [key, value])
  const start = (scope: Scope): Promise<SourceTaskHarness> =>
    SourceTaskHarness.start({ plugin, connector, props: scope.props })

  void test('it reads on behind what was committed, without loss and without a second time', () =>
    inScope(of, async (scope) => {
      await of.feed(scope, SOME)
      await using source = await start(scope)
      const first = await source.records(SOME)
      await source.commit()
      await source.restart()
      await of.feed(scope, SOME)
      const second = await source.records(SOME)
      const seen = [...first, ...second].map((record) => JSON.stringify(identity(record), bigints))
      assert.equal(new Set(seen).size, 2 * SOME, 'records that were committed came again')
    }))

  void test('it gives again what was not committed, the same and in the same order', () =>
    inScope(of, async (scope) => {
      await of.feed(scope, SOME)
      await using source = await start(scope)
      const first = await source.records(SOME)
      await source.restart()
      const again = await source.records(SOME)
      assert.deepEqual(again.map(identity), first.map(identity))
    }))

  void test('a poll that waits ends when it is called off, and the task stops then', () =>
    inScope(of, async (scope) => {
      await using source = await start(scope)
      const polled = await within(STOP_MS, source.poll(100))
      assert.ok(polled !== undefined, `poll() did not return within ${STOP_MS} ms after its signal aborted`)
      assert.ok(
        await within(
          STOP_MS,
          source.stop().then(() => true),
        ),
        `stop() took more than ${STOP_MS} ms`,
      )
    }))
}

function sinkTests(of: SinkCase): void {
  const { plugin, connector } = of
  const start = (scope: Scope): Promise<SinkTaskHarness> =>
    SinkTaskHarness.start({ plugin, connector, props: scope.props })
  const some = (sink: SinkTaskHarness): readonly SinkRecord[] =>
    Array.from({ length: SOME }, (_, number) => of.record(sink, number))

  void test('what it lets be committed is in the target, and all of it is when it has stopped or given its partitions back', () =>
    inScope(of, async (scope) => {
      await using sink = await start(scope)
      await sink.put(...some(sink))
      const committed = (await sink.commit())[0]?.offset ?? 0
      assert.ok((await of.stored(scope)) >= committed, 'an offset was committed before its record was stored')
      await sink.assign({ topic: 'topic', partition: 1 })
      assert.ok((await of.stored(scope)) >= committed)
    }))

  void test('it takes an empty put, before and after records, and stops without any', () =>
    inScope(of, async (scope) => {
      const sink = await start(scope)
      await sink.put()
      await sink.put(of.record(sink, 0))
      await sink.put()
      assert.ok(
        await within(
          STOP_MS,
          sink.stop().then(() => true),
        ),
        `stop() took more than ${STOP_MS} ms`,
      )
      await using idle = await start(scope)
      await idle.stop()
    }))

  void test('it fails a put only with an error that says whether to try again', () =>
    inScope(of, async (scope) => {
      await using sink = await start(scope)
      const bad = sink.record({ value: Symbol('no value that any connector knows') })
      try {
        await sink.put(bad)
      } catch (error) {
        assert.ok(
          isConnectError(error),
          `put() threw ${String(error)}; throw DataError, RetriableError or ConnectError`,
        )
      }
    }))
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
