import { S3Error } from './s3-error.ts'

/** `"abc"` or `abc`, and weak tags, as clients write them. */
export function tagOf(text: string): string {
  return text
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')
}

/**
 * Conditional writes: If-None-Match: * only when there is no such object, If-Match only over that version.
 * docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function checkWriteConditions(
  conditions: { readonly ifMatch: string; readonly ifNoneMatch: string },
  etag: string | undefined,
): void {
  const { ifMatch, ifNoneMatch } = conditions
  if (ifNoneMatch !== '' && ifNoneMatch !== '*')
    throw new S3Error('NotImplemented', 'If-None-Match takes only * on writes')
  if (ifNoneMatch === '*' && etag !== undefined) throw new S3Error('PreconditionFailed')
  if (ifMatch === '') return
  if (etag === undefined) throw new S3Error('NoSuchKey')
  if (tagOf(ifMatch) !== '*' && tagOf(ifMatch) !== etag) throw new S3Error('PreconditionFailed')
}

export interface ReadConditions {
  readonly ifMatch: string
  readonly ifNoneMatch: string
  readonly ifModifiedSince: string
  readonly ifUnmodifiedSince: string
}

/** Precedence as in RFC 9110 §13.2.2. */
export function checkReadConditions(conditions: ReadConditions, object: { etag: string; modifiedMs: number }): void {
  const seconds = Math.floor(object.modifiedMs / 1000) * 1000
  const matches = (list: string): boolean =>
    list.split(',').some((tag) => tagOf(tag) === '*' || tagOf(tag) === object.etag)
  if (conditions.ifMatch !== '') {
    if (!matches(conditions.ifMatch)) throw new S3Error('PreconditionFailed')
  } else if (conditions.ifUnmodifiedSince !== '' && seconds > Date.parse(conditions.ifUnmodifiedSince)) {
    throw new S3Error('PreconditionFailed')
  }
  if (conditions.ifNoneMatch !== '') {
    if (matches(conditions.ifNoneMatch)) throw new S3Error('NotModified')
  } else if (conditions.ifModifiedSince !== '' && seconds <= Date.parse(conditions.ifModifiedSince)) {
    throw new S3Error('NotModified')
  }
}

export interface ByteRange {
  readonly start: number
  /** Inclusive. */
  readonly end: number
}

/** One range of `bytes=…`; undefined when absent or of a form that S3 ignores. Throws InvalidRange outside the object. */
export function parseRange(header: string, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  if (match[1] === '') {
    const last = Number(match[2])
    if (last === 0 || size === 0) throw new S3Error('InvalidRange')
    return { start: Math.max(0, size - last), end: size - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (start >= size) throw new S3Error('InvalidRange')
  return end < start ? undefined : { start, end }
}
