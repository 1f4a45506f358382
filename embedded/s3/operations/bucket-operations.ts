import { receiveText } from '../request-body.ts'
import type { S3Request } from '../request.ts'
import { listPage } from '../listing.ts'
import type { ListPage } from '../listing.ts'
import { S3Error } from '../s3-error.ts'
import { uriEncode } from '../sigv4.ts'
import { xmlElements, xmlText } from '../xml.ts'
import type { XmlContent } from '../xml.ts'
import type { Handler, Stores } from './stores.ts'

const MAX_KEYS = 1000
const OWNER = { ID: 'owner', DisplayName: 'owner' }

export const listBuckets: Handler = async (request, { files }) => {
  const buckets = await files.buckets()
  const rows = buckets.map(({ name, createdMs }) => ({ Name: name, CreationDate: new Date(createdMs).toISOString() }))
  request.answerXml('ListAllMyBucketsResult', { Owner: OWNER, Buckets: { Bucket: rows } })
}

export const createBucket: Handler = async (request, { files }) => {
  await receiveText(request)
  const { bucket } = request
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes('..'))
    throw new S3Error('InvalidBucketName')
  if (!(await files.createBucket(bucket))) throw new S3Error('BucketAlreadyOwnedByYou')
  request.answer(200, { location: `/${bucket}` })
}

export const headBucket: Handler = (request, { region }) => {
  request.answer(200, { 'x-amz-bucket-region': region })
  return Promise.resolve()
}

export const deleteBucket: Handler = async (request, { files }) => {
  await files.deleteBucket(request.bucket)
  request.answer(204)
}

export const getBucketLocation: Handler = (request, { region }) => {
  request.answer(
    200,
    { 'content-type': 'application/xml' },
    `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${region === 'us-east-1' ? '' : region}</LocationConstraint>`,
  )
  return Promise.resolve()
}

export const getBucketVersioning: Handler = (request) => {
  request.answerXml('VersioningConfiguration', {})
  return Promise.resolve()
}

export const listObjectsV2: Handler = async (request, stores) => {
  const token = request.query.get('continuation-token')
  const startAfter = request.query.get('start-after') ?? ''
  const after = token === undefined ? startAfter : Buffer.from(token, 'base64url').toString('utf8')
  const page = await pageOf(request, stores, after)
  const rows = await pageRows(request, stores, page)
  request.answerXml('ListBucketResult', {
    ...rows,
    KeyCount: page.entries.length,
    ContinuationToken: token,
    NextContinuationToken: page.truncated ? Buffer.from(page.last).toString('base64url') : undefined,
    StartAfter: startAfter === '' ? undefined : encodeName(request, startAfter),
  })
}

export const listObjects: Handler = async (request, stores) => {
  const marker = request.query.get('marker') ?? ''
  const page = await pageOf(request, stores, marker)
  const rows = await pageRows(request, stores, page)
  request.answerXml('ListBucketResult', {
    ...rows,
    Marker: encodeName(request, marker),
    NextMarker: page.truncated ? encodeName(request, page.last) : undefined,
  })
}

export const deleteObjects: Handler = async (request, { files, locks }) => {
  const document = await receiveText(request)
  const keys = xmlElements(document, 'Object').map((object) => xmlText(object, 'Key') ?? '')
  if (keys.length === 0 || keys.length > MAX_KEYS || keys.includes('')) throw new S3Error('MalformedXML')
  for (const key of keys) await locks.run(`${request.bucket}/${key}`, () => files.remove(request.bucket, key))
  const quiet = xmlText(document, 'Quiet') === 'true'
  request.answerXml('DeleteResult', { Deleted: quiet ? [] : keys.map((key) => ({ Key: key })) })
}

function pageOf(request: S3Request, { files }: Stores, after: string): Promise<ListPage> {
  const prefix = request.query.get('prefix') ?? ''
  const delimiter = request.query.get('delimiter') ?? ''
  const maxKeys = request.integer('max-keys', MAX_KEYS, MAX_KEYS)
  return listPage(files.keys(request.bucket, { prefix, after }), { prefix, delimiter, maxKeys, after })
}

async function pageRows(request: S3Request, { files }: Stores, page: ListPage): Promise<Record<string, XmlContent>> {
  const contents: XmlContent[] = []
  const prefixes: XmlContent[] = []
  for (const entry of page.entries) {
    if (entry.kind === 'prefix') {
      prefixes.push({ Prefix: encodeName(request, entry.prefix) })
      continue
    }
    const object = await files.find(request.bucket, entry.key)
    if (!object) continue // deleted meanwhile
    contents.push({
      Key: encodeName(request, entry.key),
      LastModified: new Date(object.modifiedMs).toISOString(),
      ETag: `"${object.meta.etag}"`,
      Size: object.size,
      StorageClass: object.meta.headers['x-amz-storage-class'] ?? 'STANDARD',
    })
  }
  return {
    Name: request.bucket,
    Prefix: encodeName(request, request.query.get('prefix') ?? ''),
    Delimiter: request.query.has('delimiter') ? encodeName(request, request.query.get('delimiter') ?? '') : undefined,
    MaxKeys: request.integer('max-keys', MAX_KEYS, MAX_KEYS),
    EncodingType: request.query.get('encoding-type'),
    IsTruncated: page.truncated,
    Contents: contents,
    CommonPrefixes: prefixes,
  }
}

/** `encoding-type=url`: names that XML cannot carry. */
export function encodeName(request: S3Request, name: string): string {
  return request.query.get('encoding-type') === 'url' ? name.split('/').map(uriEncode).join('/') : name
}
