import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Listener } from '../../../runtime/rest/listener.ts'

test('a request that is on its way on a kept connection when the listener closes is answered, and its client told to close', async () => {
  const listener = await Listener.open({
    address: 'http://127.0.0.1:0',
    key: 'listeners',
    props: {},
    serve: (_request, response) => void response.end('served'),
  })
  const socket = connect(listener.port, '127.0.0.1').setEncoding('utf8')
  await once(socket, 'connect')
  const ask = (): boolean => socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n')
  ask()
  const [first] = (await once(socket, 'data')) as [string]
  assert.match(first, /Connection: keep-alive/)
  const answered = once(socket, 'data')
  const ended = once(socket, 'close')
  ask() // in the socket, not read yet
  const closed = listener[Symbol.asyncDispose]()
  const [second] = (await answered) as [string]
  assert.match(second, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close[^]*served/)
  await Promise.all([closed, ended])
})
