import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, ConnectError, DataError, FencedError, RetriableError } from '../../../runtime/api/index.ts'
import { failureClass } from '../../../runtime/isolate/failure-class.ts'

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })

const CASES: readonly (readonly [string, unknown, string])[] = [
  ['an error that says so', new RetriableError('later'), 'retriable'],
  ['a refused connection', refused, 'retriable'],
  [
    'a refused connection inside',
    new ConnectError('cannot read', { cause: new Error('x', { cause: refused }) }),
    'retriable',
  ],
  [
    'a time-out of the platform',
    AbortSignal.timeout(0).reason ?? new DOMException('late', 'TimeoutError'),
    'retriable',
  ],
  ['a poison record', new ConnectError('Tolerance exceeded in error handler', { cause: new DataError('no') }), 'data'],
  ['a wrong value', new ConfigError('slot.name', 'is taken'), 'config'],
  ['the outer of two words', new ConfigError('host', 'cannot be reached', { cause: refused }), 'config'],
  ['a newer owner', new FencedError('fenced'), 'fenced'],
  ['a bug', new TypeError('x is not a function'), 'crash'],
  ['what is no error', 'just a word', 'crash'],
  ['nothing', undefined, 'crash'],
]

for (const [what, error, expected] of CASES)
  test(`${what} counts as ${expected}`, () => assert.equal(failureClass(error), expected))
