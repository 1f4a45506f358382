/** A cluster of two nodes, for tests of clients: both are doors to one embedded broker, and one of them leads and coordinates everything. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { AnyApi, ResponseInputOf } from 'naru/protocol'
import { apiByKey, APIS, Reader, readRequestHeader, readResponseHeader, Writer } from 'naru/protocol'
import { FrameReader } from '../../../embedded/kafka/network/frame-reader.ts'

interface Door {
  readonly nodeId: number
  readonly server: Server
  readonly port: number
  readonly sockets: Set<Socket>
  frozen: boolean
}

export class TwoBrokers implements AsyncDisposable {
  /** The node that the metadata name as leader and coordinator, whether it lives or not. */
  leader = 1
  /** The nodes that the metadata know of. */
  listed: readonly number[] = [1, 2]
  readonly #brokerPort: number
  readonly #doors: readonly Door[] = []

  private constructor(brokerPort: number, doors: readonly Door[]) {
    this.#brokerPort = brokerPort
    this.#doors = doors
    for (const door of doors) door.server.on('connection', (socket) => this.#serve(door, socket))
  }

  static async before(brokerPort: number): Promise<TwoBrokers> {
    const doors: Door[] = []
    for (const nodeId of [1, 2]) {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      doors.push({ nodeId, server, port: (server.address() as AddressInfo).port, sockets: new Set(), frozen: false })
    }
    return new TwoBrokers(brokerPort, doors)
  }

  get bootstrap(): string {
    return this.#doors.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  /** As SIGKILL: connections break, new ones are refused. */
  async kill(nodeId: number): Promise<void> {
    const door = this.#door(nodeId)
    const closed = once(door.server, 'close')
    door.server.close()
    for (const socket of door.sockets) socket.destroy()
    await closed
  }

  /** As SIGSTOP: connections are accepted and stay, nothing is answered. */
  freeze(nodeId: number): void {
    this.#door(nodeId).frozen = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { nodeId, server } of this.#doors) if (server.listening) await this.kill(nodeId)
  }

  #door(nodeId: number): Door {
    return this.#doors.find((door) => door.nodeId === nodeId)!
  }

  #serve(door: Door, client: Socket): void {
    const broker = connect(this.#brokerPort, '127.0.0.1')
    const asked = new Map<number, { readonly api: AnyApi; readonly version: number }>()
    const limitBytes = 2 ** 30
    const requests = new FrameReader({
      limitBytes,
      onFrame: (frame) => {
        if (door.frozen) return
        const { apiKey, apiVersion, correlationId } = readRequestHeader(new Reader(frame))
        asked.set(correlationId, { api: apiByKey(apiKey)!, version: apiVersion })
        broker.write(framed(frame))
      },
    })
    const answers = new FrameReader({
      limitBytes,
      onFrame: (frame) => {
        if (door.frozen) return
        const correlationId = frame.readInt32BE(0)
        const { api, version } = asked.get(correlationId)!
        asked.delete(correlationId)
        client.write(framed(this.#rewritten(api, version, frame)))
      },
    })
    for (const [from, to, reader] of [
      [client, broker, requests],
      [broker, client, answers],
    ] as const) {
      from.on('data', (chunk: Buffer) => reader.push(chunk))
      from.on('error', () => undefined)
      from.on('close', () => to.destroy())
    }
    door.sockets.add(client)
    client.on('close', () => door.sockets.delete(client))
  }

  /** Where to go, as the test has it. */
  #rewritten(api: AnyApi, version: number, frame: Buffer): Buffer {
    if (api.key !== APIS.Metadata.key && api.key !== APIS.FindCoordinator.key) return frame
    const reader = new Reader(frame)
    const correlationId = readResponseHeader(reader, api, version)
    const writer = new Writer()
    writer.int32(correlationId)
    if (api.responseHeaderVersion(version) === 1) writer.uvarint(0)
    const leader = { nodeId: this.leader, host: '127.0.0.1', port: this.#door(this.leader).port }
    if (api.key === APIS.FindCoordinator.key) {
      const answer = APIS.FindCoordinator.readResponse(reader, version)
      const coordinators = answer.coordinators.map((one) => ({ ...one, ...leader }))
      APIS.FindCoordinator.writeResponse(writer, version, { ...answer, ...leader, coordinators })
    } else {
      const answer = APIS.Metadata.readResponse(reader, version)
      const moved: ResponseInputOf<typeof APIS.Metadata> = {
        ...answer,
        brokers: this.#doors
          .filter(({ nodeId }) => this.listed.includes(nodeId))
          .map(({ nodeId, port }) => ({ nodeId, host: '127.0.0.1', port, rack: null })),
        controllerId: this.leader,
        topics: answer.topics.map((topic) => ({
          ...topic,
          partitions: topic.partitions.map((one) => ({ ...one, leaderId: this.leader })),
        })),
      }
      APIS.Metadata.writeResponse(writer, version, moved)
    }
    return writer.toBuffer()
  }
}

function framed(frame: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(frame.length)
  return Buffer.concat([size, frame])
}
