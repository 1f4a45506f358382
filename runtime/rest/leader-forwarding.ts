import type { Request } from 'express'
import type { ElsewhereError } from '../herder/leadership.ts'
import { HttpError } from './error-response.ts'
import type { WorkerHttp, WorkerReply } from './worker-http.ts'

/**
 * Sends a request on to the worker that can answer it. At most two hops: absent → `forward=true` → `forward=false` → 409; the second hop is for a leader
 * that changed meanwhile.
 */
export async function forwardRequest(options: {
  readonly request: Request
  readonly body: Buffer
  readonly elsewhere: ElsewhereError
  readonly signature: Readonly<Record<string, string>>
  readonly http: WorkerHttp
}): Promise<WorkerReply> {
  const { request, body, signature, http } = options
  const hop = request.query['forward']
  if (hop === 'false')
    throw new HttpError(409, 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)')
  if (options.elsewhere.url === '')
    throw new HttpError(
      409,
      'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
    )
  const base = new URL(options.elsewhere.url)
  // Not `new URL(path, base)`: a path that begins with two slashes would name another host.
  const url = new URL(`${base.origin}${request.originalUrl}`)
  url.searchParams.set('forward', hop === 'true' ? 'false' : 'true')
  const { authorization } = request.headers
  const reply = await http.ask({
    method: request.method,
    url,
    body,
    headers: { ...signature, ...(authorization === undefined ? {} : { Authorization: authorization }) },
  })
  if (reply.status >= 300 && reply.status < 400)
    throw new HttpError(500, `Unexpected status code when handling forwarded request: ${reply.status}`)
  return reply
}
