import type { SourceOffset, SourcePartition } from '../api/index.ts'
import { anySignal } from '../async/abort.ts'
import { internalProps } from '../config/client-overrides.ts'
import { offsetPlace } from '../config/offset-place.ts'
import type { OffsetBackingStore } from '../storage/offset-backing-store.ts'
import { openSeparateOffsets, readMerged } from '../storage/separate-offsets.ts'
import { OffsetCopy } from './offset-copy.ts'
import { openProducer, sinkInto } from './offset-sinks.ts'
import type { TaskParts } from './task-parts.ts'

/** Where a task reads its source offsets, and what is copied where: the worker's topic alone, or the connector's own before it. */
export class ConnectorOffsets {
  /** The worker's, or the connector's own. */
  readonly topic: string
  /** undefined: the worker's topic is the only one. */
  readonly copy: OffsetCopy | undefined
  readonly #parts: TaskParts
  readonly #id: string
  readonly #opened: AsyncDisposableStack
  #own: OffsetBackingStore | undefined

  constructor(parts: TaskParts, id: string, opened: AsyncDisposableStack) {
    const { worker, connectorProps, logger } = parts
    const { topic, separate } = offsetPlace(worker, connectorProps)
    this.topic = topic
    this.#parts = parts
    this.#id = id
    this.#opened = opened
    if (!separate) return
    const closing = new AbortController()
    const ofWorker = openProducer(internalProps(worker, 'offsets'), logger, opened)
    const sink = sinkInto(ofWorker, worker.distributed['offset.storage.topic'])
    this.copy = new OffsetCopy({ sink, logger, signal: closing.signal })
    opened.defer(() => closing.abort())
  }

  /** After transactions of earlier runs are ended: what it reads is what they left. */
  async open(stop: AbortSignal): Promise<void> {
    if (this.copy === undefined) return
    const { worker, connectorProps, logger } = this.#parts
    const closing = new AbortController()
    this.#opened.defer(() => closing.abort())
    const options = { worker, connectorProps, id: this.#id, logger }
    this.#own = this.#opened.use(await openSeparateOffsets(options, anySignal(stop, closing.signal)))
  }

  async read(partitions: readonly SourcePartition[]): Promise<readonly (SourceOffset | undefined)[]> {
    const { connector, readOffsets } = this.#parts
    const ofWorker = readOffsets(partitions)
    return this.#own === undefined ? await ofWorker : await readMerged(this.#own.read(connector, partitions), ofWorker)
  }
}
