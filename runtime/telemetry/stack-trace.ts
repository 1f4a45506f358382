/**
 * How an error looks to an operator: the names and the shape of a Java stack trace, since tools and people search statuses and
 * dead letters for them.
 */
const JAVA_NAMES: Readonly<Record<string, string>> = {
  CONNECT: 'org.apache.kafka.connect.errors.ConnectException',
  RETRIABLE: 'org.apache.kafka.connect.errors.RetriableException',
  DATA: 'org.apache.kafka.connect.errors.DataException',
  CONFIG: 'org.apache.kafka.common.config.ConfigException',
  FENCED: 'org.apache.kafka.common.errors.ProducerFencedException',
  NOT_FOUND: 'org.apache.kafka.connect.errors.NotFoundException',
  CONFLICT: 'org.apache.kafka.connect.errors.AlreadyExistsException',
  TIMEOUT: 'org.apache.kafka.common.errors.TimeoutException',
}
const OWN = new Set(['ConnectError', 'RetriableError', 'DataError', 'ConfigError', 'FencedError'])
const OWN_TOO = new Set(['NotFoundError', 'ConflictError', 'TimeoutError', 'UnreachableError'])
const OWN_NAMES: Readonly<Record<string, string>> = {
  SerializationError: 'org.apache.kafka.common.errors.SerializationException',
}
const MAX_CAUSES = 16

/** The Java class an error of our family stands for; the own name of every other error. */
export function errorClassName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { name } = error
  if (Object.hasOwn(OWN_NAMES, name)) return OWN_NAMES[name]!
  const code = (error as { code?: unknown }).code
  if ((OWN.has(name) || OWN_TOO.has(name)) && typeof code === 'string') return JAVA_NAMES[code] ?? name
  return name
}

/** Class name, message, frames and causes, as `Throwable.printStackTrace` lays them out; ends with a newline. */
export function stackTrace(error: unknown): string {
  let text = ''
  let prefix = ''
  let current: unknown = error
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined && current !== null; depth++) {
    const message = current instanceof Error ? current.message : String(current)
    text += `${prefix}${errorClassName(current)}${message === '' ? '' : `: ${message}`}\n`
    for (const frame of frames(current)) text += `\tat ${frame}\n`
    prefix = 'Caused by: '
    current = current instanceof Error ? current.cause : undefined
  }
  return text
}

/** Messages of the error and its causes in one line, for a log. */
export function errorLine(error: unknown): string {
  const messages: string[] = []
  let current: unknown = error
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined && current !== null; depth++) {
    // Some of Kafka Connect's messages end where their cause begins.
    const message = (current instanceof Error ? current.message : String(current)).replace(/:? *$/, '')
    if (message !== '' && !messages.some((known) => known.includes(message))) messages.push(message)
    current = current instanceof Error ? current.cause : undefined
  }
  return messages.join(': ')
}

function frames(error: unknown): readonly string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return []
  return error.stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim().slice(3))
}
