import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { EmbeddedKafka } from '@naru/embedded/kafka'
import type { EmbeddedKafkaOptions } from '@naru/embedded/kafka'
import { Kafka, logLevel } from 'kafkajs'
import type { KafkaConfig } from 'kafkajs'

export function newDataDir(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'naru-kafka-'))
}

/** A broker in a folder of its own; leaving the scope closes the one and removes the other. */
export async function startKafka(
  options: Partial<EmbeddedKafkaOptions> = {},
): Promise<AsyncDisposable & { readonly kafka: EmbeddedKafka; readonly dataDir: string }> {
  const dataDir = options.dataDir ?? newDataDir()
  const kafka = await EmbeddedKafka.start({ ...options, dataDir })
  return {
    kafka,
    dataDir,
    async [Symbol.asyncDispose]() {
      await kafka.close()
      fs.rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export function kafkajs(bootstrap: string, config: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    brokers: [bootstrap],
    clientId: 'kafkajs',
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 10 },
    ...config,
  })
}
