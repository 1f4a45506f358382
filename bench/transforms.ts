// npm run bench -- transforms [--records 2_000_000] [--only TEXT]
// What one core does between poll and producer: records of ten fields through two transformations and JsonConverter, batch by batch, in this
// thread; no broker. The records are made beforehand: what a source costs to make them is its own.
import { schema, timestampSchema } from '../runtime/api/index.ts'
import type { Props, SourceRecord } from '../runtime/api/index.ts'
import { transformSpecs } from '../runtime/config/connector-config.ts'
import { WorkerConfig } from '../runtime/config/worker-config.ts'
import { PluginRegistry } from '../runtime/plugins/plugin-registry.ts'
import { ErrorTolerance } from '../runtime/task/error-tolerance.ts'
import { buildConverters, RecordConverter } from '../runtime/task/record-converter.ts'
import { SourcePipeline } from '../runtime/task/source-pipeline.ts'
import { TopicUse } from '../runtime/task/topic-use.ts'
import { TransformationChain } from '../runtime/task/transformation-chain.ts'
import { silentLogger } from '../runtime/telemetry/context-logger.ts'
import { numberFlag } from './support/flags.ts'
import { report } from './support/report.ts'
import type { Row } from './support/report.ts'

const BATCH = 500
const BATCHES = 40

const ORDER = schema.struct(
  {
    id: schema.int64(),
    customer: schema.int32(),
    name: schema.string(),
    email: schema.string({ optional: true }),
    city: schema.string({ optional: true }),
    amount: schema.float64(),
    paid: schema.boolean(),
    note: schema.string({ optional: true }),
    created: timestampSchema(),
    secret: schema.string({ optional: true }),
  },
  { name: 'bench.Order' },
)

function value(i: number, typed: boolean): Readonly<Record<string, unknown>> {
  return {
    id: typed ? BigInt(i) : i,
    customer: i % 10_000,
    name: `customer number ${i % 10_000}`,
    email: `someone.${i % 10_000}@example.com`,
    city: 'Zürich',
    amount: (i % 100_000) / 100,
    paid: i % 2 === 0,
    note: i % 3 === 0 ? null : 'leave it at the door, please',
    created: typed ? new Date(1_700_000_000_000 + i) : 1_700_000_000_000 + i,
    secret: 'hunter2',
  }
}

function batches(typed: boolean): readonly (readonly SourceRecord[])[] {
  const partition = { table: 'orders' }
  return Array.from({ length: BATCHES }, (_, b) =>
    Array.from({ length: BATCH }, (_unused, r): SourceRecord => {
      const i = b * BATCH + r
      return {
        sourcePartition: partition,
        sourceOffset: { at: i },
        topic: 'orders',
        partition: undefined,
        keySchema: typed ? schema.int64() : undefined,
        key: typed ? BigInt(i) : i,
        valueSchema: typed ? ORDER : undefined,
        value: value(i, typed),
        timestamp: 1_700_000_000_000 + i,
        headers: [],
      }
    }),
  )
}

const CHAINS: Readonly<Record<string, Props>> = {
  'insert + replace fields': {
    transforms: 'insert,replace',
    'transforms.insert.type': 'InsertField$Value',
    'transforms.insert.static.field': 'source',
    'transforms.insert.static.value': 'bench',
    'transforms.insert.timestamp.field': 'at',
    'transforms.replace.type': 'ReplaceField$Value',
    'transforms.replace.exclude': 'secret',
    'transforms.replace.renames': 'note:remark',
  },
  'mask + cast fields': {
    transforms: 'mask,cast',
    'transforms.mask.type': 'MaskField$Value',
    'transforms.mask.fields': 'secret,email',
    'transforms.cast.type': 'Cast$Value',
    'transforms.cast.spec': 'customer:int64,amount:string',
  },
  'route by name and time': {
    transforms: 'name,time',
    'transforms.name.type': 'RegexRouter',
    'transforms.name.regex': 'ord(.*)',
    'transforms.name.replacement': 'shop.ord$1',
    'transforms.time.type': 'TimestampRouter',
  },
}

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const records = numberFlag(flags, 'records', 2_000_000)
  const only = flags.get('only') ?? ''
  const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })
  const rows: Row[] = []
  for (const [chain, props] of Object.entries(CHAINS)) {
    for (const [typed, schemas] of [
      [false, false],
      [true, false],
      [true, true],
    ] as const) {
      const name = `${chain}, ${typed ? 'schema' : 'schemaless'}, schemas.enable=${schemas}`
      if (!name.includes(only)) continue
      rows.push({ case: name, ...(await measure(pipeline(plugins, props, schemas), batches(typed), records)) })
    }
  }
  report('transforms', { records, batch: BATCH }, rows)
}

function pipeline(plugins: PluginRegistry, connector: Props, schemas: boolean): SourcePipeline {
  const worker = WorkerConfig.parse({
    'bootstrap.servers': 'localhost:9092',
    'group.id': 'bench',
    'config.storage.topic': 'c',
    'offset.storage.topic': 'o',
    'status.storage.topic': 's',
    'key.converter': 'JsonConverter',
    'value.converter': 'JsonConverter',
    'key.converter.schemas.enable': String(schemas),
    'value.converter.schemas.enable': String(schemas),
  })
  return new SourcePipeline({
    chain: TransformationChain.build(transformSpecs(connector), plugins),
    converter: new RecordConverter(buildConverters(connector, worker, plugins)),
    tolerance: new ErrorTolerance({ tolerance: 'none', retryTimeoutMs: 0, retryDelayMaxMs: 0, reporters: [] } as never),
    topics: new TopicUse(() => undefined),
  })
}

async function measure(
  of: SourcePipeline,
  from: readonly (readonly SourceRecord[])[],
  records: number,
): Promise<Omit<Row, 'case'>> {
  const { signal } = new AbortController()
  const run = async (count: number): Promise<number> => {
    let bytes = 0
    for (let done = 0; done < count; done += BATCH) {
      const batch = await of.process(from[(done / BATCH) % from.length]!, signal)
      for (const record of batch.records) {
        bytes += record.value!.length
        record.release()
      }
    }
    return bytes
  }
  await run(records / 10)
  const cpu = process.cpuUsage()
  const start = performance.now()
  const bytes = await run(records)
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    'k records/s': records / seconds / 1000,
    'k records/CPU s': (records * 1000) / (user + system),
    'MB/s': bytes / seconds / 1e6,
    'B per value': bytes / records,
  }
}
