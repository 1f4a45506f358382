import type { Request } from 'express'
import type { ElsewhereError } from '../herder/leadership.ts'
import { HttpError } from './error-response.ts'
import { askWorker } from './worker-client.ts'
import type { WorkerReply } from './worker-client.ts'

/**
 * Sends a request on to the worker that can answer it. At most two hops: absent → `forward=true` → `forward=false` → 409; the second hop is for a leader
 * that changed meanwhile.
 */
export async function forwardRequest(
  request: Request,
  body: Buffer,
  { url: base }: ElsewhereError,
  signature: Readonly<Record<string, string>>,
): Promise<WorkerReply> {
  const hop = request.query['forward']
  if (hop === 'false')
    throw new HttpError(409, 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)')
  if (base === '')
    throw new HttpError(
      409,
      'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
    )
  const url = new URL(request.originalUrl, base)
  url.searchParams.set('forward', hop === 'true' ? 'false' : 'true')
  const { authorization } = request.headers
  const reply = await askWorker({
    method: request.method,
    url,
    body,
    headers: { ...signature, ...(authorization === undefined ? {} : { Authorization: authorization }) },
  })
  if (reply.status >= 300 && reply.status < 400)
    throw new HttpError(500, `Unexpected status code when handling forwarded request: ${reply.status}`)
  return reply
}
