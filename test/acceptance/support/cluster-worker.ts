import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger, Plugin, Props } from '../../../runtime/api/index.ts'
import { startDistributed } from '../../../runtime/index.ts'
import { NaruProcess } from '../../support/naru-process.ts'

export interface Reply<T = unknown> {
  readonly status: number
  readonly headers: Headers
  /** Parsed; undefined when the answer was empty. */
  readonly body: T
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A worker of the cluster under test: in this process, or a `naru worker` of its own that can be killed. */
export class ClusterWorker {
  /** `http://host:port` */
  readonly url: string
  /** `host:port`, as in statuses. */
  readonly workerId: string
  /** Rejects when the worker ended by itself with an error. */
  readonly closed: Promise<void>
  readonly #child: NaruProcess | undefined
  readonly #stop: () => Promise<void>

  private constructor(
    url: string,
    parts: { closed: Promise<void>; stop: () => Promise<void>; child?: NaruProcess; workerId?: string },
  ) {
    this.url = url
    this.workerId = parts.workerId ?? new URL(url).host
    this.closed = parts.closed
    this.#stop = parts.stop
    this.#child = parts.child
  }

  static async inProcess(props: Props, plugins: readonly Plugin[], logger: Logger): Promise<ClusterWorker> {
    const worker = await startDistributed({ props, plugins, logger })
    const stop = async (): Promise<void> => await worker[Symbol.asyncDispose]()
    return new ClusterWorker(worker.restUrl, { closed: worker.closed, stop, workerId: worker.workerId })
  }

  /** `kill` ends it as a crash would. */
  static async child(props: Props): Promise<ClusterWorker> {
    const folder = await mkdtemp(join(tmpdir(), 'naru-child-'))
    const file = join(folder, 'worker.properties')
    const lines = Object.entries(props).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`)
    await writeFile(file, lines.join(''))
    const child = new NaruProcess(['worker', file])
    const closed = ended(child, folder)
    const stop = async (): Promise<void> => {
      await child.signal('SIGTERM')
    }
    return new ClusterWorker(await listening(child), { closed, stop, child })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** All that a child has printed. */
  get output(): string {
    return this.#child?.output ?? ''
  }

  async ask<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    { headers = {}, signal }: AskOptions = {},
  ): Promise<Reply<T>> {
    const raw = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(this.url + path, {
      method,
      headers: raw === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(raw === undefined ? {} : { body: raw }),
      ...(signal === undefined ? {} : { signal }),
    })
    const text = await response.text()
    const { status } = response
    return { status, headers: response.headers, body: (text === '' ? undefined : parsed(text)) as T }
  }

  /** Gracefully. */
  async stop(): Promise<void> {
    await this.#stop()
  }

  /** SIGKILL; only a child can be killed. */
  async kill(): Promise<void> {
    if (this.#child === undefined) throw new Error('only a worker started with { child: true } can be killed')
    await this.#child.signal('SIGKILL')
  }

  /** E.g. SIGSTOP and SIGCONT, to a child. */
  signal(name: NodeJS.Signals): void {
    process.kill(this.#child!.pid, name)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function ended(child: NaruProcess, folder: string): Promise<void> {
  await child.end()
  await rm(folder, { recursive: true, force: true })
}

async function listening(child: NaruProcess): Promise<string> {
  for (;;) {
    const url = /REST listens on (https?:\/\/[\w.[\]:-]+)/.exec(child.output)?.[1]
    if (url !== undefined) return url
    if (!child.running) throw new Error(`the worker ended before it served:\n${child.output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
