import { ConnectError } from '../api/index.ts'
import type { Props } from '../api/index.ts'

/**
 * Java's .properties format (java.util.Properties#load): `key=value`, `key:value` or `key value`, `#` and `!` comments,
 * a backslash at the end of a line continues it, `\t \n \r \f \uXXXX` and any other escaped character. The last of equal keys wins.
 */
export function parseProperties(text: string): Props {
  const props: Record<string, string> = {}
  for (const line of logicalLines(text)) {
    const { key, value } = splitLine(line)
    props[unescaped(key)] = unescaped(value)
  }
  return props
}

function* logicalLines(text: string): Generator<string> {
  let pending: string | undefined
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    if (pending === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const whole: string = (pending ?? '') + line
    // An odd number of backslashes at the end: the last one is no character but a line continuation.
    const backslashes = /\\*$/.exec(whole)![0].length
    if (backslashes % 2 === 1) pending = whole.slice(0, -1)
    else {
      pending = undefined
      yield whole
    }
  }
  if (pending !== undefined && pending !== '') yield pending
}

function splitLine(line: string): { key: string; value: string } {
  const key = /^(?:[^\\=: \t\f]|\\.)*/s.exec(line)![0]
  return { key, value: line.slice(key.length).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '') }
}

const ESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (ESCAPED[letter] ?? letter) : String.fromCharCode(parseInt(hex, 16)),
  )
}

/** A flat JSON object; numbers and booleans become text, null and nested values are refused by name. */
export function parseJsonProps(text: string, source: string): Props {
  const parsed = parsedJson(text, source)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ConnectError(`${source} must hold a JSON object of configuration keys and values`, { code: 'CONFIG' })
  return flatProps(parsed as Record<string, unknown>, source)
}

function parsedJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new ConnectError(`${source} is not valid JSON: ${(error as Error).message}`, { code: 'CONFIG', cause: error })
  }
}

function flatProps(of: Readonly<Record<string, unknown>>, source: string): Props {
  const props: Record<string, string> = {}
  for (const [key, value] of Object.entries(of)) {
    if (value === null || typeof value === 'object')
      throw new ConnectError(`${source}: the value of "${key}" must be a string, not ${JSON.stringify(value)}`, {
        code: 'CONFIG',
      })
    props[key] = String(value)
  }
  return props
}

/** A configuration file: JSON when its name ends in `.json`, else .properties. `source` is the name used in errors. */
export function parseConfigFile(text: string, source: string): Props {
  return source.endsWith('.json') ? parseJsonProps(text, source) : parseProperties(text)
}

export interface ConnectorFile {
  readonly name: string
  readonly config: Props
  readonly initialState?: 'RUNNING' | 'PAUSED' | 'STOPPED'
}

/**
 * A connector's file for standalone mode: .properties or a flat JSON map with a `name`, or the body of POST /connectors,
 * `{ "name", "config", "initial_state"? }`. As in Kafka Connect its content says which, whatever the file is called.
 */
export function parseConnectorFile(text: string, source: string): ConnectorFile {
  if (!source.endsWith('.json') && !/^\s*\{/.test(text)) return named(parseProperties(text), source)
  const parsed = parsedJson(text, source) as { name?: unknown; config?: unknown; initial_state?: unknown } | null
  if (typeof parsed?.config !== 'object' || parsed.config === null) return named(parseJsonProps(text, source), source)
  const { config, initialState } = {
    config: flatProps(parsed.config as Record<string, unknown>, source),
    initialState: parsed.initial_state,
  }
  if (typeof parsed.name === 'string' && (config['name'] ?? parsed.name) !== parsed.name)
    throw new ConnectError(`${source}: the connector's name in "config" is not the one in "name"`, { code: 'CONFIG' })
  const file = named(typeof parsed.name === 'string' ? { ...config, name: parsed.name } : config, source)
  if (initialState === undefined) return file
  if (initialState !== 'RUNNING' && initialState !== 'PAUSED' && initialState !== 'STOPPED')
    throw new ConnectError(`${source}: initial_state must be RUNNING, PAUSED or STOPPED`, { code: 'CONFIG' })
  return { ...file, initialState }
}

function named(config: Props, source: string): ConnectorFile {
  const { name } = config
  if (name === undefined || name === '')
    throw new ConnectError(`${source} has no "name" for the connector`, { code: 'CONFIG' })
  return { name, config }
}
