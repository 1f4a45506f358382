import { ConfigError, configDef, validators } from '../api/index.ts'
import type { ConfigKey } from '../api/index.ts'
import { rule } from './key-rules.ts'

/** Keys of ours by which tasks heal themselves: restarts of failed tasks, tasks that stand still, dead letters of sources. */

const { atLeast, oneOf } = validators

/** What a failure is to those who may try again. */
export const FAILURE_CLASSES = ['retriable', 'crash', 'data', 'config', 'fenced'] as const
export type FailureClass = (typeof FAILURE_CLASSES)[number]

const failureClasses = rule(`list of ${FAILURE_CLASSES.join(', ')}`, (key, value) => {
  for (const each of value as readonly string[]) {
    if (!FAILURE_CLASSES.includes(each as FailureClass))
      throw ConfigError.invalid(key, each, `must be of: ${FAILURE_CLASSES.join(', ')}`)
  }
})

const key = <const T extends Partial<ConfigKey> & Pick<ConfigKey, 'type' | 'documentation'>>(
  of: T,
): T & { importance: 'LOW' } => ({ importance: 'LOW', ...of })

export const recoveryWorkerKeys = {
  'errors.task.restart.enable': key({
    type: 'BOOLEAN',
    default: false,
    documentation:
      'Is a failed task, or a connector that failed, started again by itself? Connect leaves it FAILED until somebody restarts it. A connector may say otherwise.',
  }),
  'errors.task.restart.on': key({
    type: 'LIST',
    default: ['retriable', 'crash'],
    validator: failureClasses,
    documentation:
      'Failures after which a task is started again: retriable (connections, time-outs), crash (any other error; a thread or process that ended), data (a record that cannot be processed), config (a wrong configuration), fenced (somebody newer owns the work).',
  }),
  'errors.task.restart.delay.ms': key({
    type: 'LONG',
    default: 1000,
    validator: atLeast(1),
    documentation:
      'Wait before the first restart of a failed task. Each further wait is twice as long, give or take a fifth.',
  }),
  'errors.task.restart.delay.max.ms': key({
    type: 'LONG',
    default: 60_000,
    validator: atLeast(1),
    documentation: 'The longest wait before a restart.',
  }),
  'errors.task.restart.max': key({
    type: 'INT',
    default: 100,
    validator: atLeast(-1),
    documentation: 'Restarts of one task within errors.task.restart.window.ms; then it stays FAILED. -1: no limit.',
  }),
  'errors.task.restart.window.ms': key({
    type: 'LONG',
    default: 3_600_000,
    validator: atLeast(1),
    documentation:
      'The time over which restarts are counted. A task that ran for so long without a failure begins anew with the shortest wait.',
  }),
  'task.stall.timeout.ms': key({
    type: 'LONG',
    default: 120_000,
    validator: atLeast(0),
    documentation:
      'A task that should move and does not for so long is reported as stalled, with what it waits for: in the log and at GET /connectors/{name}/progress. 0: never.',
  }),
  'task.stall.action': key({
    type: 'STRING',
    default: 'report',
    validator: oneOf('report', 'restart'),
    documentation:
      'restart: a stalled task is also ended and started again, within the limits of errors.task.restart.*.',
  }),
} as const

/** The same for one connector; absent: the worker's. */
export const recoveryConnectorKeys = {
  'errors.task.restart.enable': key({
    type: 'BOOLEAN',
    default: null,
    documentation: "Is a failed task of this connector started again by itself? Default: the worker's.",
  }),
  'errors.task.restart.on': key({
    type: 'LIST',
    default: null,
    validator: failureClasses,
    documentation: "Failures after which a task is started again. Default: the worker's.",
  }),
  'errors.task.restart.max': key({
    type: 'INT',
    default: null,
    validator: atLeast(-1),
    documentation: "Restarts of one task within the worker's errors.task.restart.window.ms. Default: the worker's.",
  }),
  'task.stall.timeout.ms': key({
    type: 'LONG',
    default: null,
    validator: atLeast(0),
    documentation: "How long a task that should move may stand still. Default: the worker's.",
  }),
  'task.stall.action': key({
    type: 'STRING',
    default: null,
    validator: oneOf('report', 'restart'),
    documentation: "What happens to a task that stands still. Default: the worker's.",
  }),
} as const

/**
 * Dead letters of a source. Kafka Connect has them for sinks only: a source's record that fails is skipped (tolerance all) and
 * its contents are lost. The keys are those of sinks; they are no part of a source's validation answer, which is Connect's.
 */
export const sourceDeadLetterDef = configDef({
  'errors.deadletterqueue.topic.name': key({
    type: 'STRING',
    default: '',
    documentation: 'Topic for records of the source that cannot be transformed, converted or produced; empty: none.',
  }),
  'errors.deadletterqueue.topic.replication.factor': key({
    type: 'SHORT',
    default: 3,
    documentation: 'Used when that topic does not exist and is created.',
  }),
  'errors.deadletterqueue.context.headers.enable': key({
    type: 'BOOLEAN',
    default: false,
    documentation: 'Add headers that begin with __connect.errors. and say what went wrong where.',
  }),
})
