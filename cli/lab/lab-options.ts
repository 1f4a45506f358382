import type { FlagKinds, Parsed } from '../flags.ts'
import type { PortOf } from './ports.ts'

/** What `demo` and `dev` have in common. */
export interface LabOptions {
  readonly dataDir: string
  readonly clean: boolean
  readonly postgres: boolean
  readonly s3: boolean
  /** A folder for `plugin.path`. */
  readonly plugins?: string | undefined
  readonly ports: { readonly rest: PortOf; readonly kafka: PortOf; readonly postgres: PortOf; readonly s3: PortOf }
}

export const LAB_FLAGS: FlagKinds = {
  data: 'string',
  clean: 'boolean',
  'rest-port': 'string',
  'kafka-port': 'string',
  'postgres-port': 'string',
  's3-port': 'string',
}

export const LAB_HELP = `  --data DIR         where everything is kept; default .naru, or NARU_DATA_DIR
  --clean            begin anew: removes the data folder first
  --rest-port N      default 8083, or NARU_REST_PORT; 0: any free port, also below
  --kafka-port N     default 9092, or NARU_KAFKA_PORT
  --postgres-port N  default 54320, or NARU_POSTGRES_PORT
  --s3-port N        default 9000, or NARU_S3_PORT
`

export function labOptions(flags: Parsed, env: NodeJS.ProcessEnv): LabOptions {
  const port = (part: string, name: string, otherwise: number): PortOf => {
    const fromEnv = env[`NARU_${name.toUpperCase().replace('-', '_')}`]
    const standard = fromEnv !== undefined && /^\d+$/.test(fromEnv) ? Number(fromEnv) : otherwise
    return { part, port: flags.port(name, standard), flag: `--${name}` }
  }
  return {
    dataDir: flags.text('data') ?? env.NARU_DATA_DIR ?? '.naru',
    clean: flags.on('clean'),
    postgres: !flags.on('no-postgres'),
    s3: !flags.on('no-s3'),
    plugins: flags.text('plugins'),
    ports: {
      rest: port('REST', 'rest-port', 8083),
      kafka: port('Kafka', 'kafka-port', 9092),
      postgres: port('Postgres', 'postgres-port', 54320),
      s3: port('S3', 's3-port', 9000),
    },
  }
}
