import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { desiredWork } from '../../../runtime/herder/desired-work.ts'
import type { ConnectorSpec, InstanceSpec, TaskSpec } from '../../../runtime/herder/desired-work.ts'
import { reconcilePlan } from '../../../runtime/herder/reconcile-plan.ts'
import type { Action, Phase } from '../../../runtime/herder/reconcile-plan.ts'
import { restartPlan } from '../../../runtime/herder/restart-plan.ts'
import { EMPTY_STATE } from '../../../runtime/storage/cluster-config-state.ts'
import type { ClusterConfigState } from '../../../runtime/storage/cluster-config-state.ts'
import type { TargetState } from '../../../runtime/storage/config-records.ts'

const spec = (version: string, target: TargetState = 'STARTED'): ConnectorSpec => ({
  kind: 'connector',
  connector: 'c',
  props: {},
  generation: 1,
  target,
  version,
})
const KEY = 'connector c'

describe('the reconcile plan', () => {
  const rows: readonly {
    readonly name: string
    readonly running?: { readonly version: string; readonly phase: Phase; readonly target?: TargetState }
    readonly desired?: InstanceSpec
    readonly then: readonly Action[]
  }[] = [
    { name: 'nothing and nothing: nothing', then: [] },
    { name: 'desired only: start', desired: spec('1'), then: [{ kind: 'start', key: KEY, spec: spec('1') }] },
    { name: 'running only: stop', running: { version: '1', phase: 'running' }, then: [{ kind: 'stop', keys: [KEY] }] },
    {
      name: 'starting only: stop',
      running: { version: '1', phase: 'starting' },
      then: [{ kind: 'stop', keys: [KEY] }],
    },
    { name: 'stopping only: wait', running: { version: '1', phase: 'stopping' }, then: [] },
    { name: 'as desired: nothing', running: { version: '1', phase: 'running' }, desired: spec('1'), then: [] },
    {
      name: 'another version: stop first',
      running: { version: '1', phase: 'running' },
      desired: spec('2'),
      then: [{ kind: 'stop', keys: [KEY] }],
    },
    {
      name: 'another version, stopping: wait',
      running: { version: '1', phase: 'stopping' },
      desired: spec('2'),
      then: [],
    },
    {
      name: 'another target: tell it',
      running: { version: '1', phase: 'running' },
      desired: spec('1', 'PAUSED'),
      then: [{ kind: 'set-target', connector: 'c', target: 'PAUSED', keys: [KEY] }],
    },
    {
      name: 'another target while starting: wait',
      running: { version: '1', phase: 'starting' },
      desired: spec('1', 'PAUSED'),
      then: [],
    },
  ]
  for (const { name, running, desired, then } of rows)
    it(name, () => {
      const now = running && { spec: spec(running.version), phase: running.phase, target: running.target ?? 'STARTED' }
      assert.deepEqual(reconcilePlan(new Map(desired ? [[KEY, desired]] : []), new Map(now ? [[KEY, now]] : [])), then)
    })
})

describe('the desired work', () => {
  const props = { name: 'c' }
  const state = (
    set: { readonly offset: number; readonly tasks: number },
    target?: TargetState,
  ): ClusterConfigState => ({
    ...EMPTY_STATE,
    connectors: new Map([['c', props]]),
    targets: new Map(target === undefined ? [] : [['c', target]]),
    taskSets: new Map([
      [
        'c',
        {
          count: set.tasks,
          configs: Array.from({ length: set.tasks }, (_, task) => ({ task: String(task) })),
          inconsistent: false,
          offset: set.offset,
          connectorProps: props,
        },
      ],
    ]),
  })
  const desired = (
    of: ClusterConfigState,
    more: { configOffset?: number; withheld?: string[]; member?: boolean } = {},
  ) => [
    ...desiredWork({
      membership:
        more.member === false
          ? undefined
          : {
              memberId: 'm',
              generation: 3,
              isLeader: true,
              leaderUrl: '',
              configOffset: more.configOffset ?? 10,
              work: {
                connectors: ['c', 'gone'],
                tasks: [
                  { connector: 'c', task: 0 },
                  { connector: 'c', task: 1 },
                ],
              },
            },
      state: of,
      withheld: new Set(more.withheld),
      restarts: new Map([['task c-0', 2]]),
      versionOf: () => 7,
    }).values(),
  ]

  it('is what is assigned and configured, with the restarts asked for in the version', () => {
    const [connector, ...tasks] = desired(state({ offset: 5, tasks: 2 })) as [ConnectorSpec, ...TaskSpec[]]
    assert.equal(connector.version, '7/0')
    assert.deepEqual(
      tasks.map(({ id, version, generation }) => [id.task, version, generation]),
      [
        [0, '5/2', 3],
        [1, '5/0', 3],
      ],
    )
  })
  const rows: readonly (readonly [string, () => readonly InstanceSpec[], readonly string[]])[] = [
    ['nothing without a membership', () => desired(state({ offset: 5, tasks: 2 }), { member: false }), []],
    ['no task beyond a smaller set', () => desired(state({ offset: 5, tasks: 1 })), ['connector', 'task']],
    ['no task of a set newer than the assignment', () => desired(state({ offset: 11, tasks: 2 })), ['connector']],
    ['no task of a stopped connector', () => desired(state({ offset: 5, tasks: 2 }, 'STOPPED')), ['connector']],
    [
      'tasks of a paused connector',
      () => desired(state({ offset: 5, tasks: 2 }, 'PAUSED')),
      ['connector', 'task', 'task'],
    ],
    [
      'nothing that is withheld',
      () => desired(state({ offset: 5, tasks: 2 }), { withheld: [KEY, 'task c-1'] }),
      ['task'],
    ],
  ]
  for (const [name, specs, kinds] of rows)
    it(`is ${name}`, () => {
      assert.deepEqual(
        specs().map(({ kind }) => kind),
        kinds,
      )
    })
})

describe('the restart plan', () => {
  const states = {
    connector: 'RUNNING' as const,
    tasks: [
      [0, 'FAILED'],
      [1, 'RUNNING'],
    ] as const,
  }
  const failed = { ...states, connector: 'FAILED' as const }
  const rows: readonly (readonly [boolean, boolean, typeof states | typeof failed, boolean, readonly number[]])[] = [
    // includeTasks, onlyFailed, states → connector, tasks
    [false, false, states, true, []],
    [true, false, states, true, [0, 1]],
    [false, true, states, false, []],
    [true, true, states, false, [0]],
    [false, true, failed, true, []],
    [true, true, failed, true, [0]],
  ]
  for (const [includeTasks, onlyFailed, of, restartConnector, tasks] of rows)
    it(`for includeTasks=${includeTasks} onlyFailed=${onlyFailed}, connector ${of.connector}`, () => {
      assert.deepEqual(restartPlan({ includeTasks, onlyFailed }, of), { restartConnector, tasks })
    })
})
