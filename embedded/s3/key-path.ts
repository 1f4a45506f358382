import { S3Error } from './s3-error.ts'

/**
 * Object keys as relative file paths a person can read: `topics/orders/partition=0/orders+0+0000000000.json` stays itself.
 * What cannot be a file name is escaped, so that no key leaves its folder and no two keys share a file:
 *
 *   %, control characters, `.` and `..` as a whole   %XX
 *   empty component (`a//b`, `a/`)                    %e
 *   component longer than a file name may be          cut; folders named `…%+` hold the rest
 *   object `a` beside objects below `a/`              file `a%-`
 */
const MAX_NAME_BYTES = 180
const MAX_KEY_BYTES = 1024
const CONTINUED = '%+'
/** Suffix of an object's file whose plain name is taken by a folder. */
export const BESIDE_FOLDER = '%-'

export function keyToPath(key: string): string {
  if (key === '') throw new S3Error('InvalidArgument', 'the object key is empty')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError')
  return key.split('/').flatMap(escapeComponent).join('/')
}

/** The inverse of keyToPath; also for paths that end in BESIDE_FOLDER. */
export function pathToKey(path: string): string {
  const plain = path.endsWith(BESIDE_FOLDER) ? path.slice(0, -BESIDE_FOLDER.length) : path
  let key = ''
  const components = plain.split('/')
  components.forEach((component, index) => {
    const continued = component.endsWith(CONTINUED)
    key += unescapeComponent(continued ? component.slice(0, -CONTINUED.length) : component)
    if (index < components.length - 1 && !continued) key += '/'
  })
  return key
}

/** What a directory entry adds to the key: the order of a folder's entries is the order of these. */
export function keyPiece(name: string, isFolder: boolean): string {
  if (!isFolder) return pathToKey(name)
  if (name.endsWith(CONTINUED)) return unescapeComponent(name.slice(0, -CONTINUED.length))
  return `${unescapeComponent(name)}/`
}

function escapeComponent(component: string): string[] {
  if (component === '') return ['%e']
  if (component === '.' || component === '..') return [component.replaceAll('.', '%2E')]

  const escaped = component.replace(/[%\u0000-\u001f\u007f\\]/g, percent)
  if (Buffer.byteLength(escaped) <= MAX_NAME_BYTES) return [escaped]
  const names: string[] = []
  let piece = ''
  let bytes = 0
  for (const part of escaped.match(/%[0-9A-F]{2}|[\s\S]/gu) ?? []) {
    const size = Buffer.byteLength(part)
    if (bytes + size > MAX_NAME_BYTES) {
      names.push(piece + CONTINUED)
      piece = ''
      bytes = 0
    }
    piece += part
    bytes += size
  }
  return [...names, piece]
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function unescapeComponent(name: string): string {
  if (name === '%e') return ''
  return name.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

/** S3's order of keys: by the bytes of their UTF-8 form. */
export function compareKeys(a: string, b: string): number {
  if (/^[\u0000-\u007f]*$/.test(a) && /^[\u0000-\u007f]*$/.test(b)) return a < b ? -1 : a > b ? 1 : 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
