import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { ConnectError } from 'naru/api'
import type { ExistingObject } from '../store/object-store.ts'

/**
 * An object named `key` was there before ours, with other content, and was not replaced. `existing` is undefined when we may not
 * read it.
 */
export class ObjectExistsError extends ConnectError {
  readonly key: string
  readonly existing: ExistingObject | undefined

  constructor(message: string, key: string, existing: ExistingObject | undefined) {
    super(message)
    this.key = key
    this.existing = existing
  }
}

/** The records of an object that was found are not all those that are read now; the first one is. */
export class OtherRecordsError extends ConnectError {}

/** Not even the first record of an object that was found is the one that gave it its name: to go on would lose that record. */
export class ForeignObjectError extends ConnectError {}

/** Records of one folder that lie in the store already, though their offsets are not committed. */
export type StoredObject = { readonly folder: string; readonly start: number } & (
  | { readonly kind: 'until'; readonly end: number }
  /** Written by somebody else: what is in it shows when its records come again. */
  | { readonly kind: 'content'; readonly key: string; readonly content: ExistingObject }
)

interface Comparison {
  readonly of: StoredObject & { readonly kind: 'content' }
  readonly hash: Hash
  bytes: number
}

/**
 * Which records need not be written, when a partition is read again after an object was found in its place. An object of somebody
 * else counts as far as it goes: its content must be that of the records that come again, from its first one. Until that is
 * shown, `proved` is pending and nothing behind it may count as stored.
 */
export class StoredObjects {
  readonly #objects: readonly StoredObject[]
  readonly #comparing = new Map<string, Comparison>()
  #open: number
  /** Of those whose records are known. */
  readonly #end: number
  /** Since when nothing comes any more, to the end of the log. */
  #endedMs: number | undefined
  readonly #proof = Promise.withResolvers<void>()
  #disproved: (StoredObject & { readonly kind: 'content' }) | undefined
  #failure: OtherRecordsError | ForeignObjectError | undefined

  constructor(objects: readonly StoredObject[]) {
    this.#objects = objects
    this.#open = objects.filter(({ kind }) => kind === 'content').length
    this.#end = Math.max(0, ...objects.map((object) => (object.kind === 'until' ? object.end : 0)))
    this.#proof.promise.catch(() => undefined) // reported by the objects that wait for it
    if (this.#open === 0) this.#proof.resolve()
  }

  /** Resolves when all comparisons succeeded; rejects with OtherRecordsError or ForeignObjectError when one did not. */
  get proved(): Promise<void> {
    return this.#proof.promise
  }

  /** Why a comparison did not succeed. */
  get failure(): OtherRecordsError | ForeignObjectError | undefined {
    return this.#failure
  }

  get isPending(): boolean {
    return this.#open > 0
  }

  /** Is it worth asking for this record? Offsets only grow; behind all objects it is not any more. */
  mayHold(offset: number): boolean {
    return offset < this.#end || this.#open > 0
  }

  /** For the next reading: an object that was not what it seemed holds, by its name, at least its first record. */
  get known(): readonly StoredObject[] {
    return this.#objects.map((object) =>
      object === this.#disproved
        ? { kind: 'until', folder: object.folder, start: object.start, end: object.start + 1 }
        : object,
    )
  }

  /** Is this record in the store? `encode` gives its bytes as they would be written; it is called only to compare. */
  has(folder: string, offset: number, encode: () => Buffer): boolean {
    const comparison = this.#comparing.get(folder) ?? this.#begin(folder, offset)
    if (comparison) {
      this.#compare(comparison, encode())
      return true
    }
    return this.#objects.some(
      (object) => object.kind === 'until' && object.folder === folder && offset >= object.start && offset < object.end,
    )
  }

  /**
   * Gives up the comparisons when reading has been `atEnd` of the log for `patienceMs`: the records they wait for are not in it any more. A broker
   * that is away proves nothing, and one that has just begun to lead may know of less than there is for a moment.
   */
  tick(nowMs: number, atEnd: boolean, patienceMs: number): void {
    if (this.#open === 0) return
    if (!atEnd) return void (this.#endedMs = undefined)
    this.#endedMs ??= nowMs
    if (nowMs - this.#endedMs < patienceMs) return
    const [stuck] = this.#comparing.values()
    const object = stuck?.of ?? this.#objects.find((each) => each.kind === 'content')
    if (object?.kind === 'content') this.#disprove(object)
  }

  /** No more records come: whoever waits for a proof waits no longer. */
  abandon(reason: unknown): void {
    this.#proof.reject(reason)
  }

  #begin(folder: string, offset: number): Comparison | undefined {
    for (const of of this.#objects)
      if (of.kind === 'content' && of.folder === folder && of.start === offset) {
        const comparison = { of, hash: createHash('sha256'), bytes: 0 }
        this.#comparing.set(folder, comparison)
        return comparison
      }
    return undefined
  }

  #compare(comparison: Comparison, record: Buffer): void {
    const { of, hash } = comparison
    if (comparison.bytes === 0 && !beginsWith(of.content, record)) {
      this.#fail(
        new ForeignObjectError(
          `${of.key} exists and does not begin with the record at offset ${of.start}: it was not written from this topic as it ` +
            'is now, and is not replaced. If it may go, remove it or set enable.conditional.writes=false; else choose another topics.dir',
        ),
      )
      return
    }
    hash.update(record)
    comparison.bytes += record.length
    if (comparison.bytes < of.content.bytes) return
    this.#comparing.delete(of.folder)
    if (comparison.bytes > of.content.bytes || hash.digest('hex') !== of.content.sha256) {
      this.#disprove(of)
      return
    }
    this.#open--
    if (this.#open === 0) this.#proof.resolve()
  }

  #disprove(object: StoredObject & { readonly kind: 'content' }): void {
    this.#disproved ??= object
    this.#fail(
      new OtherRecordsError(
        `${object.key} holds other records than are read now: it stays as it is, and records that are in it may be written again`,
      ),
    )
  }

  #fail(error: OtherRecordsError | ForeignObjectError): void {
    this.#failure ??= error
    this.#proof.reject(this.#failure)
  }
}

/** As far as the head tells. */
function beginsWith({ head }: ExistingObject, record: Buffer): boolean {
  const length = Math.min(head.length, record.length)
  return head.length > 0 && head.compare(record, 0, length, 0, length) === 0
}
