import { createHash } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { CHECKSUMS, isChecksumName } from './checksums.ts'
import type { Checksum } from './checksums.ts'
import { ChunkedBody, isChunkedPayload } from './chunked-body.ts'
import type { S3Request } from './request.ts'
import { S3Error } from './s3-error.ts'

export interface ReceivedBody {
  readonly size: number
  /** Hex. */
  readonly md5: string
  /** `x-amz-checksum-…` headers that were given and verified. */
  readonly checksums: Readonly<Record<string, string>>
}

const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024

/** Streams the body into a new file and checks everything the client said about it; the file is gone when that fails. */
export async function receiveFile(request: S3Request, path: string): Promise<ReceivedBody> {
  const file = await fs.open(path, 'wx')
  try {
    const received = await receive(request, (chunk) => file.writeFile(chunk))
    await file.close()
    return received
  } catch (error) {
    await file.close()
    await fs.rm(path, { force: true })
    throw error
  }
}

/** A request document (XML), whole. */
export async function receiveText(request: S3Request): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  await receive(request, (chunk) => {
    size += chunk.length
    if (size > MAX_DOCUMENT_BYTES) throw new S3Error('MalformedXML', 'the document is too large')
    chunks.push(chunk)
  })
  return Buffer.concat(chunks).toString('utf8')
}

async function receive(request: S3Request, write: (chunk: Buffer) => Promise<void> | void): Promise<ReceivedBody> {
  const payload = request.signature?.payload ?? 'UNSIGNED-PAYLOAD'
  const chunked = request.signature && isChunkedPayload(payload) ? new ChunkedBody(request.signature) : undefined
  const sha256 = /^[0-9a-f]{64}$/.test(payload) ? createHash('sha256') : undefined
  const md5 = createHash('md5')
  const claimed = claimedChecksums(request)
  let size = 0
  for await (const chunk of bodyOf(request)) {
    for (const data of chunked ? chunked.decode(chunk) : [chunk]) {
      size += data.length
      md5.update(data)
      sha256?.update(data)
      for (const checksum of claimed.values()) checksum.update(data)
      await write(data)
    }
  }
  if (!request.http.complete) throw new S3Error('IncompleteBody')
  chunked?.end()
  const decodedLength = request.header('x-amz-decoded-content-length')
  if (chunked && decodedLength !== '' && Number(decodedLength) !== size) throw new S3Error('IncompleteBody')
  if (sha256 && sha256.digest('hex') !== payload) throw new S3Error('XAmzContentSHA256Mismatch')
  const digest = md5.digest()
  checkMd5(request.header('content-md5'), digest)
  return { size, md5: digest.toString('hex'), checksums: verify(request, claimed, chunked?.trailers) }
}

async function* bodyOf(request: S3Request): AsyncGenerator<Buffer> {
  let read = 0
  for await (const chunk of request.http) {
    const bytes = chunk as Buffer
    read += bytes.length
    await request.pace(bytes.length)
    const { fault } = request
    if (fault?.kind === 'cut' && read >= (fault.afterBytes ?? 0)) {
      request.cut()
      throw new S3Error('IncompleteBody')
    }
    yield bytes
  }
}

/** Running checksums for what the headers announce: a value, a trailer, or an algorithm only. */
function claimedChecksums(request: S3Request): ReadonlyMap<string, Checksum> {
  const names = [
    ...Object.keys(request.headersWith('x-amz-checksum-')),
    ...request
      .header('x-amz-trailer')
      .toLowerCase()
      .split(/\s*,\s*/),
  ]
  const found = new Map<string, Checksum>()
  for (const header of names) {
    const name = header.replace('x-amz-checksum-', '')
    if (isChecksumName(name) && header !== name) found.set(header, CHECKSUMS[name]())
  }
  return found
}

function verify(
  request: S3Request,
  claimed: ReadonlyMap<string, Checksum>,
  trailers: ReadonlyMap<string, string> | undefined,
): Record<string, string> {
  const verified: Record<string, string> = {}
  for (const [header, checksum] of claimed) {
    const given = trailers?.get(header) ?? request.header(header)
    const actual = checksum.digest()
    const name = header.replace('x-amz-checksum-', '').toUpperCase()
    if (given !== actual)
      throw new S3Error('BadDigest', `The ${name} you specified did not match the calculated checksum.`)
    verified[header] = actual
  }
  return verified
}

function checkMd5(given: string, digest: Buffer): void {
  if (given === '') return
  const bytes = Buffer.from(given, 'base64')
  if (bytes.length !== 16) throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.')
  if (!bytes.equals(digest))
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.')
}
