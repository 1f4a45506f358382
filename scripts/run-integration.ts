// npm run test:integration [-- FILE_OR_FOLDER…]: test/integration, test/acceptance and test/cluster, or what is named, against Apache Kafka. Needs Java 17 and Maven.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RealKafka } from './real-kafka.ts'
import { ALL_CORES, MOSTLY_WAITING, clusterPhases, filesOfArguments, runPhases, testFiles } from './test-runner.ts'

/** Suites of parts that do not know which broker there is: npm test has run them. */
const WITHOUT_KAFKA =
  /\/test\/integration\/(embedded-|postgres-source-(?!exactly-once)|s3-sink|demo\.|writing-a-connector)/

const dataDir = await mkdtemp(join(tmpdir(), 'naru-real-kafka-'))
try {
  await using kafka = await RealKafka.start({ dataDir })
  process.stdout.write(`Apache Kafka at ${kafka.bootstrap}\n`)
  process.env.KAFKA_BOOTSTRAP = kafka.bootstrap
  process.env.NARU_KAFKA_LIBS = kafka.libs
  const named = process.argv.slice(2)
  if (named.length > 0) await runPhases([{ files: filesOfArguments(named), concurrency: ALL_CORES }])
  else
    await runPhases([
      {
        files: testFiles('test/integration').filter((file) => !WITHOUT_KAFKA.test(file)),
        concurrency: ALL_CORES,
      },
      { files: testFiles('test/acceptance'), concurrency: MOSTLY_WAITING },
      ...clusterPhases(),
    ])
} finally {
  await rm(dataDir, { recursive: true, force: true })
}
