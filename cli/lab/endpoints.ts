import { rename, writeFile } from 'node:fs/promises'

/** Where everything is; the content of endpoints.json. */
export interface Endpoints {
  readonly rest: string
  readonly kafka: string
  readonly postgres?: string
  readonly s3?: {
    readonly endpoint: string
    readonly region: string
    readonly bucket: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }
}

/** Whole or not at all: others wait for this file. */
export async function writeEndpoints(path: string, endpoints: Endpoints): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(endpoints, null, 2)}\n`)
  await rename(`${path}.new`, path)
}
