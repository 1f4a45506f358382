/** A JSON Schema (2020-12), as OpenAPI 3.1 uses it. */
export type Schema = Readonly<Record<string, unknown>>

const string = { type: 'string' } as const
const integer = { type: 'integer' } as const
const boolean = { type: 'boolean' } as const
const anything = { type: 'object', additionalProperties: true } as const
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
const list = (items: Schema): Schema => ({ type: 'array', items })
const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values })
const nullable = (type: string): Schema => ({ type: [type, 'null'] })

/** All fields are required but those that end in `?`. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
    required: names.filter((name) => !name.endsWith('?')),
  }
}

const STATES = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPED', 'DESTROYED']
const INSTANCE = {
  state: { type: 'string', enum: STATES },
  worker_id: { ...string, description: 'host:port' },
  'trace?': string,
  'version?': nullable('string'),
}
const TASK_ID = object({ connector: string, task: integer })

/** Bodies of requests and answers by name; the names are those of the OpenAPI document. */
export const schemas = {
  Error: object({ error_code: integer, message: nullable('string') }),
  Message: object({ message: string }),
  Anything: {},
  Root: object({ version: string, commit: string, kafka_cluster_id: nullable('string') }),
  Health: object({ status: { type: 'string', enum: ['healthy', 'starting', 'unhealthy'] }, message: string }),
  Config: map(string),
  ConfigPatch: map(nullable('string')),
  CreateConnector: object({
    name: string,
    config: ref('Config'),
    'initial_state?': { type: ['string', 'null'], description: 'RUNNING, PAUSED or STOPPED' },
  }),
  ConnectorInfo: object({
    name: string,
    config: ref('Config'),
    tasks: list(TASK_ID),
    type: { type: 'string', enum: ['source', 'sink', 'unknown'] },
  }),
  ConnectorList: {
    oneOf: [list(string), map(object({ 'info?': ref('ConnectorInfo'), 'status?': ref('ConnectorStatus') }))],
  },
  ConnectorStatus: object({
    name: string,
    connector: object(INSTANCE),
    tasks: list(ref('TaskStatus')),
    type: { type: 'string', enum: ['source', 'sink', 'unknown'] },
  }),
  TaskStatus: object({ id: integer, ...INSTANCE }),
  TaskConfigs: list(object({ id: TASK_ID, config: ref('Config') })),
  TaskConfigList: list(ref('Config')),
  ActiveTopics: map(object({ topics: list(string) })),
  ConnectorOffsets: object({
    'offsets?': list(object({ 'partition?': { type: ['object', 'null'] }, 'offset?': { type: ['object', 'null'] } })),
  }),
  PluginList: list(object({ class: string, type: string, 'version?': string })),
  ConfigKeys: list(ref('ConfigKey')),
  ConfigKey: object({
    name: string,
    type: string,
    required: boolean,
    default_value: nullable('string'),
    importance: string,
    documentation: nullable('string'),
    group: nullable('string'),
    width: string,
    display_name: nullable('string'),
    dependents: list(string),
    order_in_group: integer,
  }),
  ConfigInfos: object({
    name: string,
    error_count: integer,
    groups: list(string),
    configs: list(
      object({
        definition: { oneOf: [ref('ConfigKey'), { type: 'null' }] },
        value: object({
          name: string,
          value: nullable('string'),
          recommended_values: list(nullable('string')),
          errors: list(string),
          visible: boolean,
        }),
      }),
    ),
  }),
  LoggerLevel: object({ level: nullable('string'), last_modified: nullable('integer') }),
  LoggerLevels: map(ref('LoggerLevel')),
  LoggerNames: list(string),
  LevelChange: object({ level: string }),
  Workers: list(
    object({
      worker_id: string,
      url: string,
      leader: boolean,
      connectors: list(string),
      tasks: list(TASK_ID),
    }),
  ),
  Progress: object({ name: string, tasks: list(anything) }),
  Metrics: list(object({ name: string, labels: map(string), value: { type: ['number', 'null'] } })),
} satisfies Readonly<Record<string, Schema>>

export type SchemaName = keyof typeof schemas
