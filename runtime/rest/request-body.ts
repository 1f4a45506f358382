import { parseConnectJson } from '../api/connect-json.ts'
import type { GivenProps } from '../herder/connector-configs.ts'
import type { ConnectorOffset } from '../herder/connector-offset.ts'
import type { TargetState } from '../storage/config-records.ts'
import { HttpError } from './error-response.ts'

/** Bodies as the routes want them; each throws a 400 that says what is wrong. */
type Fields = Readonly<Record<string, unknown>>

export function jsonOf(body: Buffer): unknown {
  if (body.length === 0) throw new HttpError(400, 'a JSON body is required')
  const parsed = parseConnectJson(body.toString('utf8'))
  if (parsed === undefined) throw new HttpError(400, `the body is not valid JSON${whereNot(body)}`)
  return parsed
}

/** Where it stops being JSON; nothing of what it holds, which may be a password. */
function whereNot(body: Buffer): string {
  try {
    JSON.parse(body.toString('utf8'))
    return ''
  } catch (error) {
    const place = /\(line \d+ column \d+\)/.exec((error as Error).message)?.[0]
    return place === undefined ? '' : ` ${place}`
  }
}

/** The same with numbers as the text that they are written in: what becomes a config value keeps `1.50` and all digits. */
export function configJsonOf(body: Buffer): unknown {
  jsonOf(body)
  return (JSON as unknown as SourceJson).parse(body.toString('utf8'), (_, value, { source }) =>
    typeof value === 'number' && source !== undefined ? source : value,
  )
}

/** A part of the platform's JSON that the language's type library does not describe yet. */
interface SourceJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new HttpError(400, `Cannot deserialize value of type ${what}: a JSON object is expected`)
}

function onlyFields(fields: Fields, known: readonly string[]): void {
  for (const key of Object.keys(fields))
    if (!known.includes(key))
      throw new HttpError(
        400,
        `Unrecognized field "${key}": the known fields are ${known.map((k) => `"${k}"`).join(', ')}`,
      )
}

/** Numbers and booleans become strings, as Connect's binder does. */
export function propsOf(value: unknown): GivenProps {
  const props: Record<string, string | null> = {}
  for (const [key, each] of Object.entries(fieldsOf(value, 'config map'))) {
    if (each === null || typeof each === 'string') props[key] = each
    else if (typeof each === 'object')
      throw new HttpError(
        400,
        `Cannot deserialize value of type String for the key "${key}": it holds an object or array${instead(key, each)}`,
      )
    else props[key] = String(each)
  }
  return props
}

/** What was probably meant. */
function instead(key: string, value: object): string {
  if (Array.isArray(value)) return '; a list is written as text, with commas: "a,b"'
  return key === 'config' ? '; send what is in "config", without "name" and "config" around it' : ''
}

export interface CreateRequest {
  readonly name: string
  readonly config: GivenProps
  readonly target: TargetState | undefined
}

const TARGETS: Readonly<Record<string, TargetState>> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' }

export function createRequestOf(value: unknown): CreateRequest {
  const fields = fieldsOf(value, 'CreateConnectorRequest')
  onlyFields(fields, ['name', 'config', 'initial_state'])
  const { name, config, initial_state: initial } = fields
  if (config === undefined || config === null)
    throw new HttpError(400, 'the field "config" is missing: {"name": …, "config": {…}} is expected')
  return {
    name: typeof name === 'string' ? name.trim() : '',
    config: propsOf(config),
    target: initial === undefined || initial === null ? undefined : targetOf(initial),
  }
}

function targetOf(initial: unknown): TargetState {
  const target = typeof initial === 'string' ? TARGETS[initial.toUpperCase()] : undefined
  if (target !== undefined) return target
  throw new HttpError(
    400,
    `Cannot deserialize value of initial_state from ${String(initial)}: one of RUNNING, PAUSED, STOPPED is expected`,
  )
}

export function taskConfigsOf(value: unknown): readonly Readonly<Record<string, string>>[] {
  if (!Array.isArray(value)) throw new HttpError(400, 'Cannot deserialize value: an array of task configs is expected')
  return value.map((each) => {
    const entries = Object.entries(propsOf(each)).filter(([, text]) => text !== null)
    return Object.fromEntries(entries) as Record<string, string>
  })
}

export function offsetsOf(value: unknown): readonly ConnectorOffset[] {
  const fields = fieldsOf(value, 'ConnectorOffsets')
  onlyFields(fields, ['offsets'])
  const { offsets = [] } = fields
  if (!Array.isArray(offsets)) throw new HttpError(400, 'Cannot deserialize value of "offsets": an array is expected')
  if (offsets.length === 0)
    throw new HttpError(400, 'Partitions / offsets need to be provided for an alter offsets request')
  return offsets.map((each) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each))
      throw new HttpError(
        400,
        'Cannot construct instance of ConnectorOffset: {"partition": {…}, "offset": {…}} is expected',
      )
    onlyFields(each as Fields, ['partition', 'offset'])
    const { partition = null, offset = null } = each as Fields
    if (partition !== null) fieldsOf(partition, 'partition')
    if (offset !== null) fieldsOf(offset, 'offset')
    return { partition, offset } as ConnectorOffset
  })
}

/** A `?flag=` of the query: absent is false, as is anything but true. */
export function flag(value: unknown): boolean {
  return typeof value === 'string' && value.toLowerCase() === 'true'
}

export function levelOf(value: unknown): string {
  const level = fieldsOf(value, 'level')['level']
  if (typeof level !== 'string') throw new HttpError(400, "Desired 'level' parameter was not specified in request.")
  return level
}
