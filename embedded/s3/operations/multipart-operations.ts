import { keptHeaders } from '../object-headers.ts'
import { tagOf } from '../conditions.ts'
import { receiveFile, receiveText } from '../request-body.ts'
import type { S3Request } from '../request.ts'
import { S3Error } from '../s3-error.ts'
import { xmlElements, xmlText } from '../xml.ts'
import { encodeName } from './bucket-operations.ts'
import { commitObject } from './object-operations.ts'
import type { Handler } from './stores.ts'

const MAX_PART_NUMBER = 10_000
const REMEMBERED_COMPLETIONS = 1000

export const createMultipartUpload: Handler = async (request, { uploads }) => {
  await receiveText(request)
  const { bucket, key } = request
  const tagging = request.header('x-amz-tagging')
  const upload = await uploads.create(bucket, { key, headers: keptHeaders(request), tagging })
  request.answerXml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: upload.id })
}

export const uploadPart: Handler = async (request, { files, uploads }) => {
  const number = Number(request.query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER)
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  const upload = await uploads.get(request.bucket, request.key, uploadId(request))
  const temporary = files.temporaryPath()
  const { md5, checksums } = await receiveFile(request, temporary)
  await uploads.addPart(request.bucket, upload, number, temporary, md5)
  request.answer(200, { etag: `"${md5}"`, ...checksums })
}

export const completeMultipartUpload: Handler = async (request, stores) => {
  const document = await receiveText(request)
  const { bucket, key } = request
  const chosen = xmlElements(document, 'Part').map((part) => ({
    number: Number(xmlText(part, 'PartNumber')),
    etag: tagOf(xmlText(part, 'ETag') ?? ''),
  }))
  if (chosen.length === 0 || chosen.some(({ number }) => !Number.isInteger(number))) throw new S3Error('MalformedXML')
  const etag = await stores.locks.run(`upload ${uploadId(request)}`, async () => {
    const done = stores.completed.get(`${bucket}/${key}/${uploadId(request)}`)
    if (done !== undefined) return done
    const upload = await stores.uploads.get(bucket, key, uploadId(request))
    const temporary = stores.files.temporaryPath()
    const tag = await stores.uploads.assemble(bucket, upload, chosen, temporary)
    await commitObject(request, stores, temporary, {
      etag: tag,
      headers: upload.headers,
      checksums: {},
      tagging: upload.tagging,
    })
    await stores.uploads.remove(bucket, upload.id)
    remember(stores.completed, `${bucket}/${key}/${upload.id}`, tag)
    return tag
  })
  const location = `http://${request.header('host')}/${bucket}/${encodeURI(key)}`
  request.answerXml('CompleteMultipartUploadResult', {
    Location: location,
    Bucket: bucket,
    Key: key,
    ETag: `"${etag}"`,
  })
}

export const abortMultipartUpload: Handler = async (request, { uploads }) => {
  const upload = await uploads.get(request.bucket, request.key, uploadId(request))
  await uploads.remove(request.bucket, upload.id)
  request.answer(204)
}

export const listParts: Handler = async (request, { uploads }) => {
  const upload = await uploads.get(request.bucket, request.key, uploadId(request))
  const after = request.integer('part-number-marker', 0, MAX_PART_NUMBER)
  const max = request.integer('max-parts', 1000, 1000)
  const rest = (await uploads.parts(request.bucket, upload)).filter((part) => part.number > after)
  const page = rest.slice(0, max)
  request.answerXml('ListPartsResult', {
    Bucket: request.bucket,
    Key: encodeName(request, request.key),
    UploadId: upload.id,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: max,
    IsTruncated: rest.length > page.length,
    Part: page.map(({ number, etag, size, modifiedMs }) => ({
      PartNumber: number,
      LastModified: new Date(modifiedMs).toISOString(),
      ETag: `"${etag}"`,
      Size: size,
    })),
  })
}

export const listMultipartUploads: Handler = async (request, { uploads }) => {
  const prefix = request.query.get('prefix') ?? ''
  const all = await uploads.list(request.bucket, prefix)
  const max = request.integer('max-uploads', 1000, 1000)
  const keyMarker = request.query.get('key-marker') ?? ''
  const idMarker = request.query.get('upload-id-marker') ?? ''
  const start = all.findIndex((upload) => upload.key === keyMarker && upload.id === idMarker) + 1
  const page = all.slice(start, start + max)
  const last = page.at(-1)
  const truncated = all.length > start + page.length
  request.answerXml('ListMultipartUploadsResult', {
    Bucket: request.bucket,
    KeyMarker: keyMarker,
    UploadIdMarker: idMarker,
    NextKeyMarker: truncated ? last?.key : undefined,
    NextUploadIdMarker: truncated ? last?.id : undefined,
    Prefix: prefix,
    MaxUploads: max,
    IsTruncated: truncated,
    Upload: page.map((upload) => ({
      Key: encodeName(request, upload.key),
      UploadId: upload.id,
      StorageClass: 'STANDARD',
      Initiated: new Date(upload.initiatedMs).toISOString(),
    })),
  })
}

function uploadId(request: S3Request): string {
  return request.query.get('uploadId') ?? ''
}

function remember(completed: Map<string, string>, id: string, etag: string): void {
  completed.set(id, etag)
  const [oldest] = completed.keys()
  if (completed.size > REMEMBERED_COMPLETIONS && oldest !== undefined) completed.delete(oldest)
}
