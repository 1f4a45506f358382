import { once } from 'node:events'
import { createServer } from 'node:net'
import { UsageError } from '../usage-error.ts'

export interface PortOf {
  /** For a person: Kafka, Postgres. */
  readonly part: string
  readonly port: number
  readonly flag: string
}

/** One clear line before anything is started. */
export async function requireFreePorts(ports: readonly PortOf[]): Promise<void> {
  for (const of of ports) {
    if (of.port === 0) continue
    const server = createServer().listen(of.port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      throw busyPort(error, of)
    }
    server.close()
    await once(server, 'close')
  }
}

/** The usage error for a port that cannot be had; any other error as it is. */
export function busyPort(error: unknown, { part, port, flag }: PortOf): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new UsageError(
      `port ${port} (${part}) is in use: choose another with ${flag} N, or ${flag} 0 for any free one`,
    )
  if (code === 'EACCES')
    return new UsageError(`port ${port} (${part}) needs more rights: choose one above 1023 with ${flag} N`)
  return error
}
