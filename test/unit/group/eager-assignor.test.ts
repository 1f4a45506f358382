import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assignEagerly } from '../../../runtime/group/eager-assignor.ts'

describe('the eager assignor', () => {
  it('deals connectors, then tasks, to sorted members with one cursor', () => {
    const dealt = assignEagerly(['m2', 'm1'], {
      connectors: ['b', 'a', 'c'],
      tasks: [
        { connector: 'b', task: 0 },
        { connector: 'a', task: 1 },
        { connector: 'a', task: 0 },
      ],
    })
    assert.deepEqual(dealt.get('m1'), { connectors: ['a', 'c'], tasks: [{ connector: 'a', task: 1 }] })
    assert.deepEqual(dealt.get('m2'), {
      connectors: ['b'],
      tasks: [
        { connector: 'a', task: 0 },
        { connector: 'b', task: 0 },
      ],
    })
  })
})
