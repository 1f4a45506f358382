import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PeerWatch } from '../../../runtime/group/peer-watch.ts'
import type { Attendance, Peer } from '../../../runtime/group/peer-watch.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'

const peer = (name: string): Peer => ({ memberId: name, url: `http://${name}/` })
const [a, b, c] = [peer('a'), peer('b'), peer('c')]

/** What each attendance of the worker at an URL comes to: an instance that is seen first, then the end; none left: it lasts. */
type Script = Readonly<Record<string, (readonly [instance: string | undefined, end: Attendance])[]>>

function watch(self: Peer, members: readonly Peer[], script: Script) {
  const removed: string[] = []
  const died: string[] = []
  const done = Promise.withResolvers<void>()
  const peers = new PeerWatch({
    members: () => Promise.resolve(members),
    attend: async (url, seen, signal) => {
      const step = script[url]?.shift()
      if (step?.[0] !== undefined) seen(step[0])
      if (signal.aborted) return 'broken'
      if (step !== undefined) return step[1]
      if (script[url] !== undefined) done.resolve()
      return await new Promise((resolve) => signal.addEventListener('abort', () => resolve('broken'), { once: true }))
    },
    isFormerSelf: ({ host }) => Promise.resolve(host !== '/10.0.0.9'),
    remove: (memberId) => {
      removed.push(memberId)
      done.resolve()
      return Promise.resolve(true)
    },
    gone: (dead) => died.push(dead.memberId),
    logger: silentLogger,
  })
  peers.settled(self, a.url)
  return { peers, removed, died, done: done.promise }
}

describe('the watch over other workers', () => {
  it('removes a worker that was seen, broke off, and refuses twice', async () => {
    const script: Script = {
      [b.url]: [
        ['1', 'broken'],
        [undefined, 'refused'],
        [undefined, 'refused'],
      ],
    }
    const { peers, removed, died, done } = watch(a, [a, b, c], script)
    await done
    assert.deepEqual([removed, died], [['b'], ['b']])
    peers[Symbol.dispose]()
  })

  it('removes the member of a process whose place another process has taken', async () => {
    const { peers, removed, done } = watch(a, [a, b], {
      [b.url]: [
        ['1', 'broken'],
        ['2', 'broken'],
      ],
    })
    await done
    assert.deepEqual(removed, ['b'])
    peers[Symbol.dispose]()
  })

  it('leaves alone a worker that says farewell, one without a presence, and one that was never seen', async () => {
    for (const steps of [
      [['1', 'left'] as const],
      [[undefined, 'foreign'] as const],
      [[undefined, 'refused'] as const, [undefined, 'refused'] as const, [undefined, 'refused'] as const],
    ]) {
      const { peers, removed, died } = watch(a, [a, b], { [b.url]: steps })
      await new Promise((resolve) => setTimeout(resolve, 900))
      assert.deepEqual([removed, died], [[], []])
      peers[Symbol.dispose]()
    }
  })

  it('lets the leader act first, and the next by member id when it is the leader that died', async () => {
    const dead: Script = {
      [a.url]: [
        ['1', 'broken'],
        [undefined, 'refused'],
        [undefined, 'refused'],
      ],
    }
    const first = watch(b, [a, b, c], structuredClone(dead))
    const second = watch(c, [a, b, c], structuredClone(dead))
    await first.done
    assert.deepEqual([first.removed, second.removed], [['a'], []])
    await second.done
    assert.deepEqual(second.removed, ['a'], 'had the first not acted')
    first.peers[Symbol.dispose]()
    second.peers[Symbol.dispose]()
  })

  it('removes what this worker was before it was started anew', async () => {
    const { peers, removed } = watch(
      a,
      [{ memberId: 'old', url: a.url }, { memberId: 'namesake', url: a.url, host: '/10.0.0.9' }, b],
      {},
    )
    await peers.removePredecessors(a.url)
    assert.deepEqual(removed, ['old'])
    peers[Symbol.dispose]()
  })
})
