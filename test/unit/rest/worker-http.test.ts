import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { HttpError } from '../../../runtime/rest/error-response.ts'
import { NobodyListensError, WorkerHttp } from '../../../runtime/rest/worker-http.ts'

/** What a request to a worker ends with that resets every connection; undefined: one that does not listen any more. */
async function failure(protocol: 'http' | 'https', listens: boolean): Promise<unknown> {
  const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve))
  if (!listens) await close()
  try {
    return await new WorkerHttp({}).ask({ method: 'DELETE', url: new URL(`${protocol}://127.0.0.1:${port}/`) }).then(
      () => assert.fail('nobody answers'),
      (error: unknown) => error,
    )
  } finally {
    if (listens) await close()
  }
}

describe('a request to another worker', () => {
  test('may be sent again when there was nobody to take it', async () => {
    assert.ok((await failure('http', false)) instanceof NobodyListensError)
    assert.ok((await failure('https', true)) instanceof NobodyListensError, 'the handshake was cut off')
  })

  test('may not when the worker may have read it', async () => {
    const error = await failure('http', true)
    assert.ok(error instanceof HttpError && !(error instanceof NobodyListensError))
    assert.match(error.message, /^IO Error trying to forward REST request: /)
  })
})
