import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFormerSelf } from '../../../runtime/group/former-self.ts'

test('a member with our URL is our former self, unless the URL names only the loopback interface and it came from another machine', () => {
  const here = { addresses: ['127.0.0.1', '::1', '10.0.0.5'], brokers: ['broker-1', 'broker-2'] }
  const local = { ...here, brokers: ['localhost'] }
  for (const [url, host, surroundings, expected] of [
    ['http://worker-1:8083/', '/10.0.0.7', here, true],
    ['http://10.0.0.5:8083/', '/10.0.0.5', here, true],
    ['http://localhost:8083/', '/10.0.0.5', here, true],
    ['http://localhost:8083/', '/::ffff:10.0.0.5', here, true],
    ['http://localhost:8083/', '/10.0.0.7', here, false],
    ['https://127.0.0.1:8083/', '/10.0.0.7', here, false],
    ['http://[::1]:8083/', '/10.0.0.7', here, false],
    // On the broker's machine, where we are not, or not to be told.
    ['http://localhost:8083/', '/127.0.0.1', here, false],
    ['http://localhost:8083/', '/127.0.0.1', local, true],
    ['http://localhost:8083/', undefined, local, false],
  ] as const) {
    const peer = { memberId: 'm', url, ...(host === undefined ? {} : { host }) }
    assert.equal(isFormerSelf(peer, surroundings), expected, `${url} ${host}`)
  }
})
