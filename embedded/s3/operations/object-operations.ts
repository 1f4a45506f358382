import { copyFile, rm } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { checkReadConditions, checkWriteConditions, parseRange } from '../conditions.ts'
import type { ObjectMeta, StoredObject } from '../object-files.ts'
import { keptHeaders, readHeaders } from '../object-headers.ts'
import { receiveFile, receiveText } from '../request-body.ts'
import type { S3Request } from '../request.ts'
import { S3Error } from '../s3-error.ts'
import { decode, uriEncode } from '../sigv4.ts'
import { xmlElements, xmlText } from '../xml.ts'
import type { Handler, Stores } from './stores.ts'

export const putObject: Handler = async (request, stores) => {
  const headers = keptHeaders(request)
  const temporary = stores.files.temporaryPath()
  const { md5, checksums } = await receiveFile(request, temporary)
  await commitObject(request, stores, temporary, {
    etag: md5,
    headers,
    checksums,
    tagging: request.header('x-amz-tagging'),
  })
  request.answer(200, { etag: `"${md5}"`, ...checksums })
}

/** Checks the request's conditions and puts the finished file in place, with nobody else in between. */
export async function commitObject(
  request: S3Request,
  stores: Stores,
  temporary: string,
  meta: ObjectMeta,
): Promise<void> {
  const { bucket, key } = request
  const conditions = { ifMatch: request.header('if-match'), ifNoneMatch: request.header('if-none-match') }
  await stores.locks.run(`${bucket}/${key}`, async () => {
    try {
      if (conditions.ifMatch !== '' || conditions.ifNoneMatch !== '')
        checkWriteConditions(conditions, (await stores.files.find(bucket, key))?.meta.etag)
      await stores.files.commit(bucket, key, temporary, meta)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  })
}

export const copyObject: Handler = async (request, stores) => {
  const source = decode(request.header('x-amz-copy-source').split('?', 1)[0] ?? '').replace(/^\//, '')
  const slash = source.indexOf('/')
  const from = await existing(stores, source.slice(0, slash), source.slice(slash + 1))
  const replace = request.header('x-amz-metadata-directive') === 'REPLACE'
  const temporary = stores.files.temporaryPath()
  await copyFile(from.path, temporary)
  await commitObject(request, stores, temporary, {
    ...from.meta,
    headers: replace ? keptHeaders(request) : from.meta.headers,
    tagging:
      request.header('x-amz-tagging-directive') === 'REPLACE' ? request.header('x-amz-tagging') : from.meta.tagging,
  })
  request.answerXml('CopyObjectResult', { ETag: `"${from.meta.etag}"`, LastModified: new Date().toISOString() })
}

export const getObject: Handler = async (request, stores) => {
  const object = await existing(stores, request.bucket, request.key)
  checkConditions(request, object)
  const range = parseRange(request.header('range'), object.size)
  const { start, end } = range ?? { start: 0, end: object.size - 1 }
  const { response } = request
  const headers = readHeaders(object, range === undefined && request.header('x-amz-checksum-mode') === 'ENABLED')
  for (const [name, value] of Object.entries({ ...headers, ...overrides(request) })) response.setHeader(name, value)
  response.setHeader('content-length', end - start + 1)
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${object.size}`)
  response.writeHead(range ? 206 : 200)
  if (end >= start)
    for await (const chunk of createReadStream(object.path, { start, end, highWaterMark: 256 * 1024 }))
      await request.write(chunk as Buffer)
  response.end()
}

export const headObject: Handler = async (request, stores) => {
  const object = await existing(stores, request.bucket, request.key)
  checkConditions(request, object)
  const headers = readHeaders(object, request.header('x-amz-checksum-mode') === 'ENABLED')
  request.answer(200, { ...headers, 'content-length': String(object.size) })
}

export const deleteObject: Handler = async (request, { files, locks }) => {
  await locks.run(`${request.bucket}/${request.key}`, () => files.remove(request.bucket, request.key))
  request.answer(204)
}

export const getObjectTagging: Handler = async (request, stores) => {
  const { meta } = await existing(stores, request.bucket, request.key)
  const tags = meta.tagging === '' ? [] : meta.tagging.split('&').map((pair) => pair.split('=').map(decode))
  request.answerXml('Tagging', { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value: Value ?? '' })) } })
}

export const putObjectTagging: Handler = async (request, stores) => {
  const tags = xmlElements(await receiveText(request), 'Tag')
  if (tags.length > 10) throw new S3Error('InvalidArgument', 'Object tags cannot be greater than 10')
  await setTagging(
    request,
    stores,
    tags.map((tag) => `${uriEncode(xmlText(tag, 'Key') ?? '')}=${uriEncode(xmlText(tag, 'Value') ?? '')}`).join('&'),
  )
  request.answer(200)
}

export const deleteObjectTagging: Handler = async (request, stores) => {
  await setTagging(request, stores, '')
  request.answer(204)
}

async function setTagging(request: S3Request, stores: Stores, tagging: string): Promise<void> {
  const { bucket, key } = request
  await stores.locks.run(`${bucket}/${key}`, async () => {
    const object = await existing(stores, bucket, key)
    await stores.files.updateMeta(bucket, object, { ...object.meta, tagging })
  })
}

async function existing(stores: Stores, bucket: string, key: string): Promise<StoredObject> {
  const object = await stores.files.find(bucket, key)
  if (!object) throw new S3Error((await stores.files.hasBucket(bucket)) ? 'NoSuchKey' : 'NoSuchBucket')
  return object
}

function checkConditions(request: S3Request, object: StoredObject): void {
  checkReadConditions(
    {
      ifMatch: request.header('if-match'),
      ifNoneMatch: request.header('if-none-match'),
      ifModifiedSince: request.header('if-modified-since'),
      ifUnmodifiedSince: request.header('if-unmodified-since'),
    },
    { etag: object.meta.etag, modifiedMs: object.modifiedMs },
  )
}

/** `response-content-type=…` and its siblings in the query. */
function overrides(request: S3Request): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of request.query)
    if (name.startsWith('response-')) headers[name.slice('response-'.length)] = value
  return headers
}
