import { readFile } from 'node:fs/promises'
import type { Endpoints } from '../lab/endpoints.ts'
import { ConnectRest } from '../connect/rest.ts'

interface ConnectorBody {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
}

const FILES = ['postgres-source', 's3-sink'].map(
  (name) => new URL(`../../configs/connectors/${name}.json`, import.meta.url),
)

/** Posts the files of configs/connectors over REST; those of an earlier run go on as they are, unless a port has changed. */
export async function postDemoConnectors(endpoints: Endpoints): Promise<void> {
  const rest = new ConnectRest(endpoints.rest)
  for (const file of FILES) {
    const { name, config } = JSON.parse(await readFile(file, 'utf8')) as ConnectorBody
    const wanted = { ...config, ...placesOf(config, endpoints) }
    const present = await rest.config(name)
    if (present === undefined) await rest.create({ name, config: wanted })
    else if (!sameConfig(present, { ...wanted, name })) await rest.replace(name, wanted)
  }
}

/** The files name the default ports; what runs elsewhere is put in their place. */
function placesOf(config: Readonly<Record<string, string>>, { postgres, s3 }: Endpoints): Record<string, string> {
  if ('database.hostname' in config && postgres !== undefined) {
    const url = new URL(postgres)
    return {
      'database.hostname': url.hostname,
      'database.port': url.port,
      'database.user': url.username,
      'database.password': url.password,
      'database.dbname': url.pathname.slice(1),
    }
  }
  if ('s3.bucket.name' in config && s3 !== undefined)
    return {
      's3.bucket.name': s3.bucket,
      's3.region': s3.region,
      'store.url': s3.endpoint,
      'aws.access.key.id': s3.accessKeyId,
      'aws.secret.access.key': s3.secretAccessKey,
    }
  return {}
}

function sameConfig(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => a[key] === b[key])
}
