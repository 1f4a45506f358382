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

/** Kafka Connect's standalone worker, from the jars in NARU_KAFKA_LIBS. */
export class JavaStandalone implements AsyncDisposable {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(url: string, process: ChildProcess) {
    this.url = url
    this.#process = process
  }

  /** Resolves when its connectors are there. Files are written to `folder`. */
  static async start(options: {
    readonly folder: string
    readonly props: Props
    readonly connectors: readonly (Props & { readonly name: string })[]
  }): Promise<JavaStandalone> {
    const { folder, props, connectors } = options
    const libs = process.env['NARU_KAFKA_LIBS']
    if (libs === undefined) throw new Error("NARU_KAFKA_LIBS must name the folder with Kafka's jars")
    const url = `http://127.0.0.1:${await freePort()}`
    const files = [join(folder, 'worker.properties')]
    await writeFile(files[0]!, propertiesText({ ...props, listeners: url }))
    for (const connector of connectors) {
      files.push(join(folder, `${connector.name}.properties`))
      await writeFile(files.at(-1)!, propertiesText(connector))
    }
    const java = ['-Xmx256m', ...QUICK_JVM, `-Dlog4j2.configurationFile=${loggingFile(libs)}`, '-cp', join(libs, '*')]
    const child = spawn('java', [...java, 'org.apache.kafka.connect.cli.ConnectStandalone', ...files])
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const worker = new JavaStandalone(url, child)
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await worker.#serves(connectors.length))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await worker[Symbol.asyncDispose]()
        throw new Error(`the Java worker did not start:\n${output}`)
      }
      await delay(100)
    }
    return worker
  }

  async #serves(connectors: number): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/connectors`)
      return response.ok && ((await response.json()) as readonly string[]).length === connectors
    } catch {
      return false // not listening yet
    }
  }

  /** Gracefully: it writes its offsets. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function propertiesText(props: Props): string {
  return Object.entries(props)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
