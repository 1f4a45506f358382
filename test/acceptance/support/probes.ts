import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { PROBES } from '../../connectors/tell.ts'
import type { Message, Release } from '../../connectors/tell.ts'
import { ConnectorHandle } from './handles.ts'

/** Where connectors of this process, its threads and its children tell what happens to them. Clusters of one process share it. */
export class Probes implements AsyncDisposable {
  static #shared: Promise<Probes> | undefined
  static #users = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #handles = new Map<string, ConnectorHandle>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#accept(socket))
  }

  /** Workers that are started from here on tell it. */
  static open(): Promise<Probes> {
    Probes.#users++
    return (Probes.#shared ??= Probes.#listen())
  }

  static async #listen(): Promise<Probes> {
    const server = createServer({ noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    process.env[PROBES] = `127.0.0.1:${(server.address() as AddressInfo).port}`
    return new Probes(server)
  }

  /** The same handle for the same name, whether such a connector is there or not yet. */
  connector(name: string): ConnectorHandle {
    const known = this.#handles.get(name)
    if (known !== undefined) return known
    const made = new ConnectorHandle(name, (at) => this.#release({ connector: name, at }))
    this.#handles.set(name, made)
    return made
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    createInterface(socket).on('line', (line) => {
      const message = JSON.parse(line) as Message
      this.connector(message.connector).take(message)
    })
  }

  #release(message: Release): void {
    for (const socket of this.#sockets) socket.write(`${JSON.stringify(message)}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (--Probes.#users > 0) return
    Probes.#shared = undefined
    delete process.env[PROBES]
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
