import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import type { Logger } from '../../../runtime/api/index.ts'
import { clientOptions } from '../../../runtime/kafka/client-options.ts'
import { DEFAULT_WINDOW } from '../../../runtime/telemetry/windowed-statistics.ts'
import { ApiVersions, Heartbeat, Reader, Writer, readRequestHeader } from '../../../runtime/kafka/protocol/index.ts'
import { NetworkMeter } from '../../../runtime/kafka/network-meter.ts'
import { Transport } from '../../../runtime/kafka/transport.ts'

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT }

interface Scripted extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number }
  readonly seen: { apiKey: number; apiVersion: number; clientId: string | null; body: Buffer }[]
  /** Bytes on all its sockets. */
  readonly bytes: { received: number; sent: number }
}

/** A broker that answers each request by `answer`; undefined: not at all. */
async function scripted(
  answer: (apiKey: number, version: number) => { api: number; body: Buffer } | undefined,
): Promise<Scripted> {
  const seen: Scripted['seen'] = []
  const bytes = { received: 0, sent: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let pending = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      bytes.received += chunk.length
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = pending.subarray(4, 4 + pending.readInt32BE(0))
        pending = pending.subarray(4 + frame.length)
        const reader = new Reader(frame)
        const { apiKey, apiVersion, correlationId, clientId } = readRequestHeader(reader)
        seen.push({ apiKey, apiVersion, clientId, body: frame.subarray(reader.offset) })
        const found = answer(apiKey, apiVersion)
        if (found === undefined) continue
        const writer = new Writer()
        writer.int32(4 + found.body.length)
        writer.int32(correlationId)
        writer.raw(found.body)
        bytes.sent += writer.length
        socket.write(writer.toBuffer())
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    seen,
    bytes,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function versionsBody(version: number, errorCode = 0): Buffer {
  const writer = new Writer()
  ApiVersions.writeResponse(writer, version, {
    errorCode,
    apiKeys: [
      { apiKey: ApiVersions.key, minVersion: 0, maxVersion: 3 },
      { apiKey: Heartbeat.key, minVersion: 0, maxVersion: 4 },
    ],
  })
  return writer.toBuffer()
}

function heartbeatBody(version: number): Buffer {
  const writer = new Writer()
  // a tag after the correlation id that no client knows: header 1 must be read, not assumed
  if (Heartbeat.responseHeaderVersion(version) === 1)
    for (const byte of [1, 9, 2, 0xaa, 0xbb]) writer.int8((byte << 24) >> 24)
  Heartbeat.writeResponse(writer, version, { throttleTimeMs: 0, errorCode: 27 })
  return writer.toBuffer()
}

const options = (props: Record<string, string> = {}) =>
  clientOptions({ 'bootstrap.servers': 'localhost:1', 'client.id': 'me', ...props })

test('requests and responses of flexible and classic versions cross a kafkajs connection', async () => {
  await using broker = await scripted((apiKey, version) =>
    apiKey === ApiVersions.key
      ? { api: apiKey, body: versionsBody(version) }
      : { api: apiKey, body: heartbeatBody(version) },
  )
  const connection = await new Transport(options(), SILENT).open(broker.address)
  assert.equal(connection.version(Heartbeat), 4)
  for (const version of [3, 4]) {
    const response = await connection.send(Heartbeat, version, { groupId: 'g', generationId: 7, memberId: 'm' })
    assert.equal(response!.errorCode, 27)
    const { body, clientId, apiVersion } = broker.seen.at(-1)!
    assert.equal(clientId, 'me')
    assert.equal(apiVersion, version)
    const request = Heartbeat.readRequest(new Reader(body), version)
    assert.equal(request.generationId, 7)
  }
  connection.close()
  assert.equal(connection.open, false)
})

test('a meter counts the bytes that are on the wire, those of large requests too', async () => {
  await using broker = await scripted((apiKey, version) => ({
    api: apiKey,
    body: apiKey === ApiVersions.key ? versionsBody(version) : heartbeatBody(version),
  }))
  const meter = new NetworkMeter({ clientId: 'me', window: DEFAULT_WINDOW })
  const connection = await new Transport(options(), SILENT, meter).open(broker.address, 'node-1')
  const request = { generationId: 7, memberId: 'm' }
  await connection.send(Heartbeat, 3, { ...request, groupId: 'g' })
  await connection.send(Heartbeat, 4, { ...request, groupId: 'g'.repeat(20_000) })
  assert.ok(broker.bytes.received > 20_000)
  for (const { requests, responses, latency } of [meter.total, meter.nodes.get('node-1')!]) {
    assert.deepEqual([requests.events, requests.sum], [3, broker.bytes.received])
    assert.deepEqual([responses.events, responses.sum, latency.events], [3, broker.bytes.sent, 3])
  }
  assert.deepEqual([meter.open, meter.authenticated.events, meter.refused.events], [1, 0, 0])
  connection.close()
})

test('a broker that does not know ApiVersions 3 is asked again in version 0', async () => {
  await using broker = await scripted((apiKey, version) => ({
    api: apiKey,
    body: version === 0 ? versionsBody(0) : versionsBody(0, 35),
  }))
  const connection = await new Transport(options(), SILENT).open(broker.address)
  assert.deepEqual(
    broker.seen.map(({ apiVersion }) => apiVersion),
    [3, 0],
  )
  connection.close()
})

test('a request without an answer fails with REQUEST_TIMED_OUT and takes the connection with it', async () => {
  await using broker = await scripted((apiKey, version) =>
    apiKey === ApiVersions.key ? { api: apiKey, body: versionsBody(version) } : undefined,
  )
  const connection = await new Transport(options(), SILENT).open(broker.address)
  const first = connection.send(Heartbeat, 4, { groupId: 'g', generationId: 1, memberId: 'm' }, { timeoutMs: 50 })
  const second = connection.send(Heartbeat, 4, { groupId: 'g', generationId: 1, memberId: 'm' })
  await assert.rejects(first, { kafkaName: 'REQUEST_TIMED_OUT', retriable: true })
  await assert.rejects(second, { retriable: true })
  assert.equal(connection.open, false)
})

test('requests that wait fail at once when the broker goes away', async () => {
  const broker = await scripted((apiKey, version) =>
    apiKey === ApiVersions.key ? { api: apiKey, body: versionsBody(version) } : undefined,
  )
  const connection = await new Transport(options(), SILENT).open(broker.address)
  const waiting = assert.rejects(connection.send(Heartbeat, 4, { groupId: 'g', generationId: 1, memberId: 'm' }), {
    kafkaName: 'NETWORK_EXCEPTION',
  })
  await broker[Symbol.asyncDispose]()
  await waiting
})

test('a broker that nobody listens for is a retriable network error that names the address', async () => {
  const { address } = await closedBroker()
  await assert.rejects(new Transport(options(), SILENT).open(address), {
    kafkaName: 'NETWORK_EXCEPTION',
    retriable: true,
    message: new RegExp(`127.0.0.1:${address.port}`),
  })
})

async function closedBroker(): Promise<Scripted> {
  const broker = await scripted(() => undefined)
  await broker[Symbol.asyncDispose]()
  return broker
}

test('an idle connection keeps no timer running', async () => {
  await using broker = await scripted((apiKey, version) => ({
    api: apiKey,
    body: apiKey === ApiVersions.key ? versionsBody(version) : heartbeatBody(version),
  }))
  const timersBefore = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const connection = await new Transport(options(), SILENT).open(broker.address)
  await connection.send(Heartbeat, 4, { groupId: 'g', generationId: 1, memberId: 'm' })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, timersBefore)
  connection.close()
})

test('a large request reaches the broker whole, between small ones', async () => {
  await using broker = await scripted((apiKey, version) => ({
    api: apiKey,
    body: apiKey === ApiVersions.key ? versionsBody(version) : heartbeatBody(version),
  }))
  const connection = await new Transport(options(), SILENT).open(broker.address)
  const memberIds = ['small', 'x'.repeat(50_000), 'tiny', 'ü'.repeat(200_000)]
  await Promise.all(
    memberIds.map((memberId) => connection.send(Heartbeat, 4, { groupId: 'g', generationId: 1, memberId })),
  )
  assert.deepEqual(
    broker.seen.slice(1).map(({ body }) => Heartbeat.readRequest(new Reader(body), 4).memberId),
    memberIds,
  )
  connection.close()
})

test('a host that accepts connections and is silent is given up after socket.connection.setup.timeout.ms', async () => {
  await using broker = await scripted(() => undefined)
  const transport = new Transport(options({ 'socket.connection.setup.timeout.ms': '200' }), SILENT)
  await assert.rejects(transport.open(broker.address), {
    code: 'RETRIABLE',
    message:
      /^cannot connect to 127.0.0.1:\d+: REQUEST_TIMED_OUT: no answer within socket.connection.setup.timeout.ms=200$/,
  })
})
