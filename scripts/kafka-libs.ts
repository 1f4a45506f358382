import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const KAFKA = '4.3.1'
const SCALA = '2.13'
const LOG4J = '2.25.4'

/** Broker, tools, and Kafka Connect with its file connectors. */
const ARTIFACTS = [
  `org.apache.kafka:kafka_${SCALA}:${KAFKA}`,
  `org.apache.kafka:kafka-tools:${KAFKA}`,
  `org.apache.kafka:connect-runtime:${KAFKA}`,
  `org.apache.kafka:connect-json:${KAFKA}`,
  `org.apache.kafka:connect-file:${KAFKA}`,
  `org.apache.logging.log4j:log4j-core:${LOG4J}`,
  `org.apache.logging.log4j:log4j-slf4j-impl:${LOG4J}`,
]

const LOGGING = `<Configuration status="ERROR">
  <Appenders><Console name="out" target="SYSTEM_OUT"><PatternLayout pattern="%d{ISO8601} %p %m (%c{1})%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
`

/** The folder with Apache Kafka's jars, fetched with Maven once per machine. */
export async function kafkaLibs(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'naru')
  const path = join(cache, `kafka-${KAFKA}`)
  if (await exists(path)) return join(path, 'libs')
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(`${path}-`)
  try {
    process.stdout.write(`Fetching Apache Kafka ${KAFKA} with Maven into ${path} (once) …\n`)
    await writeFile(join(draft, 'pom.xml'), pom())
    await writeFile(join(draft, 'log4j2.xml'), LOGGING)
    await maven(draft)
    await rename(draft, path).catch(async (error: unknown) => {
      if (!(await exists(path))) throw error // else another process was first
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return join(path, 'libs')
}

/**
 * For Java programs that are done, or have started, within seconds: what is compiled well comes too late for them. A tool that only
 * prints its version takes 1.0 s of CPU time instead of 1.6 s, a Connect worker that starts about half.
 */
export const QUICK_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'] as const

/** Logging of the Java programs started with these jars. */
export function loggingFile(libs: string): string {
  return join(libs, '..', 'log4j2.xml')
}

async function maven(dir: string): Promise<void> {
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
  const args = ['-q', '-B', '-Dstyle.color=never', goal, '-DoutputDirectory=libs', '-DincludeScope=runtime']
  try {
    await promisify(execFile)('mvn', args, { cwd: dir, maxBuffer: 2 ** 24 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error('Apache Kafka is fetched with Maven: mvn and Java 17 must be on the PATH', { cause: error })
    throw new Error(`Maven could not fetch Apache Kafka:\n${(error as { stdout?: string }).stdout ?? ''}`, {
      cause: error,
    })
  }
}

function pom(): string {
  const dependencies = ARTIFACTS.map((artifact) => {
    const [group, id, version] = artifact.split(':')
    return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>naru</groupId><artifactId>apache-kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependencies.join('\n    ')}
  </dependencies>
</project>
`
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
