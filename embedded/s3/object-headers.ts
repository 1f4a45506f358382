import type { ObjectMeta, StoredObject } from './object-files.ts'
import type { S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'

const KEPT = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
]
const MAX_USER_METADATA_BYTES = 2048

/** The headers of a write that come back with every read. */
export function keptHeaders(request: S3Request): Record<string, string> {
  if (request.header('x-amz-server-side-encryption-customer-algorithm') !== '')
    throw new S3Error('NotImplemented', 'this server does not encrypt with keys of the customer')
  const user = request.headersWith('x-amz-meta-')
  const size = Object.entries(user).reduce(
    (sum, [name, value]) => sum + name.length - 'x-amz-meta-'.length + value.length,
    0,
  )
  if (size > MAX_USER_METADATA_BYTES) throw new S3Error('InvalidArgument', 'user metadata is larger than 2 KB')
  const headers: Record<string, string> = {}
  for (const name of KEPT) if (request.header(name) !== '') headers[name] = request.header(name)
  // aws-chunked is the framing on the wire, not part of the object
  const encoding = (headers['content-encoding'] ?? '')
    .split(/\s*,\s*/)
    .filter((name) => name !== 'aws-chunked' && name !== '')
  if (encoding.length > 0) headers['content-encoding'] = encoding.join(',')
  else delete headers['content-encoding']
  return { ...headers, ...user }
}

/** Answer headers of GetObject and HeadObject. */
export function readHeaders(object: StoredObject, withChecksums: boolean): Record<string, string> {
  const { meta } = object
  const tags = tagCount(meta)
  return {
    'content-type': 'binary/octet-stream',
    ...meta.headers,
    'accept-ranges': 'bytes',
    etag: `"${meta.etag}"`,
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    ...(withChecksums ? meta.checksums : {}),
    ...(tags > 0 ? { 'x-amz-tagging-count': String(tags) } : {}),
  }
}

function tagCount(meta: ObjectMeta): number {
  return meta.tagging === '' ? 0 : meta.tagging.split('&').length
}
