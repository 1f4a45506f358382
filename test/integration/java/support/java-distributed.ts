import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Props } from '../../../../runtime/api/index.ts'
import { loggingFile, QUICK_JVM } from '../../../../scripts/kafka-libs.ts'

const START_TIMEOUT_MS = 120_000

/** A worker of Kafka Connect's distributed mode, from the jars in NARU_KAFKA_LIBS. It can be stopped and started again on its port. */
export class JavaWorker implements AsyncDisposable {
  readonly url: string
  readonly #file: string
  readonly #props: Props
  #output = ''
  #process: ChildProcess | undefined

  private constructor(url: string, file: string, props: Props) {
    this.url = url
    this.#file = file
    this.#props = props
  }

  /** Resolves when its REST API answers; its properties are written to `folder`. */
  static async start(options: { readonly folder: string; readonly props: Props }): Promise<JavaWorker> {
    const { folder, props } = options
    const url = `http://127.0.0.1:${await freePort()}`
    const file = join(folder, 'java-worker.properties')
    const all = { ...props, listeners: url, 'rest.advertised.host.name': '127.0.0.1' }
    const worker = new JavaWorker(url, file, all)
    await worker.start()
    return worker
  }

  /** `changes` of its properties are for this time only. */
  async start(changes: Props = {}): Promise<void> {
    const lines = Object.entries({ ...this.#props, ...changes }).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(this.#file, lines.join(''))
    const libs = process.env['NARU_KAFKA_LIBS']
    if (libs === undefined) throw new Error("NARU_KAFKA_LIBS must name the folder with Kafka's jars")
    const java = ['-Xmx256m', ...QUICK_JVM, `-Dlog4j2.configurationFile=${loggingFile(libs)}`, '-cp', join(libs, '*')]
    const child = spawn('java', [...java, 'org.apache.kafka.connect.cli.ConnectDistributed', this.#file])
    this.#process = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await this.#serves())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await this.stop()
        throw new Error(`the Java worker did not start:\n${this.#output.slice(-8_000)}`)
      }
      await delay(100)
    }
  }

  /** `host:port`, as in statuses. */
  get workerId(): string {
    return new URL(this.url).host
  }

  get output(): string {
    return this.#output
  }

  async #serves(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/connectors`)).ok
    } catch {
      return false // not listening yet
    }
  }

  /** Gracefully. */
  async stop(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }

  /** E.g. SIGSTOP and SIGCONT. */
  signal(name: NodeJS.Signals): void {
    this.#process!.kill(name)
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#process!
    this.#process = undefined
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
