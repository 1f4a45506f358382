import type { Socket } from 'node:net'

const MARK = Buffer.from('naru')
const TOKEN_BYTES = 8
const FRAME_LENGTH_BYTES = 4

/**
 * Spares large requests the copies that kafkajs makes of each (body into request, request into frame). kafkajs is given a token of eight
 * bytes in place of the body; where its frame reaches the socket, the token is taken off and the body's pieces are written as they are.
 */
export class UnjoinedWrites {
  readonly #bodies = new Map<number, readonly Buffer[]>()
  #last = 0

  /** The token that stands for the body. The pieces must not change until the response is there. */
  add(body: readonly Buffer[]): Buffer {
    this.#last = (this.#last + 1) >>> 0
    this.#bodies.set(this.#last, body)
    const token = Buffer.alloc(TOKEN_BYTES)
    MARK.copy(token)
    token.writeUInt32BE(this.#last, MARK.length)
    return token
  }

  /** The request is over, written or not. */
  remove(token: Buffer): void {
    this.#bodies.delete(token.readUInt32BE(MARK.length))
  }

  /** Replaces tokens in what is written to this socket. */
  watch(socket: Socket): Socket {
    const write = socket.write.bind(socket)
    const replacing = (data: Uint8Array | string, encoding?: BufferEncoding): boolean => {
      const body = Buffer.isBuffer(data) ? this.#bodyOf(data) : undefined
      if (body === undefined) return write(data, encoding)
      const head = (data as Buffer).subarray(0, -TOKEN_BYTES)
      const length = body.reduce((sum, piece) => sum + piece.length, head.length - FRAME_LENGTH_BYTES)
      head.writeInt32BE(length, 0)
      socket.cork()
      write(head)
      let room = true
      for (const piece of body) room = write(piece)
      socket.uncork()
      return room
    }
    socket.write = replacing as Socket['write']
    return socket
  }

  #bodyOf(frame: Buffer): readonly Buffer[] | undefined {
    const at = frame.length - TOKEN_BYTES
    if (at < FRAME_LENGTH_BYTES || frame.compare(MARK, 0, MARK.length, at, at + MARK.length) !== 0) return undefined
    return this.#bodies.get(frame.readUInt32BE(at + MARK.length))
  }
}
