// A process that runs an embedded Postgres until it is killed: node postgres-holder.ts DATA_DIR
import { EmbeddedPostgres } from '@naru/embedded/postgres'

const postgres = await EmbeddedPostgres.start({ dataDir: process.argv[2]! })
process.stdout.write(`${JSON.stringify({ url: postgres.url, pid: postgres.pid })}\n`)
setInterval(() => undefined, 60_000)
