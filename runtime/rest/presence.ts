import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { WorkerHttp } from './worker-http.ts'

/** Of ours, not of Kafka Connect: only workers that answer it can be told dead from merely stopping. */
export const PRESENCE_PATH = '/workers/self/presence'
const INSTANCE_HEADER = 'x-naru-instance'
/** A connection or the beginning of an answer takes no longer on a worker that lives. */
const ANSWER_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 10_000

/**
 * This process, as others see it: an answer that begins at once and does not end while the process lives. Its proper end is the farewell of a
 * worker that stops gracefully, whose tasks may still be stopping; a connection that breaks off is the sign of a death.
 */
export class Presence {
  readonly #instance = randomUUID()
  readonly #witnesses = new Set<ServerResponse>()
  #left = false

  attend(response: ServerResponse): void {
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Connection: 'close',
      [INSTANCE_HEADER]: this.#instance,
    })
    if (this.#left) {
      response.end('{}')
      return
    }
    response.flushHeaders()
    response.write('{')
    this.#witnesses.add(response)
    response.once('close', () => this.#witnesses.delete(response))
  }

  farewell(): void {
    this.#left = true
    for (const response of this.#witnesses) response.end('}')
  }
}

/**
 * How an attendance ended. `left`: gracefully; `refused`: nobody listens on the port; `broken`: cut off, or no answer;
 * `foreign`: the worker answers and has no such path.
 */
export type PresenceEnd = 'left' | 'refused' | 'broken' | 'foreign'

/** Holds on to the presence of the worker at `url`; tells its instance when it answers. Never rejects; `broken` when the signal aborts. */
export async function attendWorker(
  http: WorkerHttp,
  url: string,
  seen: (instance: string) => void,
  signal: AbortSignal,
): Promise<PresenceEnd> {
  return await new Promise<PresenceEnd>((resolve) => {
    const outgoing = http.request(
      new URL(PRESENCE_PATH.slice(1), url),
      { signal, headers: { Accept: 'application/json', 'User-Agent': 'kafka-connect' } },
      (incoming) => {
        outgoing.setTimeout(0)
        incoming.once('error', () => resolve('broken'))
        incoming.once('close', () => resolve(incoming.complete ? 'left' : 'broken'))
        const instance = incoming.headers[INSTANCE_HEADER]
        if (incoming.statusCode !== 200 || typeof instance !== 'string') {
          resolve('foreign')
          outgoing.destroy()
          return
        }
        incoming.socket.setKeepAlive(true, KEEP_ALIVE_MS)
        incoming.socket.unref()
        seen(instance)
        incoming.resume()
      },
    )
    outgoing.setTimeout(ANSWER_TIMEOUT_MS, () => outgoing.destroy())
    outgoing.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'broken'),
    )
    outgoing.once('close', () => resolve('broken'))
    outgoing.end()
  })
}
