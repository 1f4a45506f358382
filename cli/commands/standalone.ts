import { parseConfigFile, parseConnectorFile, startStandalone } from 'naru'
import type { Command } from '../command.ts'
import { readConfig } from '../config-file.ts'
import { parseFlags } from '../flags.ts'
import { runWorker } from '../run-worker.ts'
import { UsageError } from '../usage-error.ts'

export const command: Command = {
  help: `usage: naru standalone worker.properties [CONNECTOR.json | CONNECTOR.properties]…

One worker alone: source offsets in a file (offset.storage.file.filename, in Kafka Connect's format), connectors from the files named. A
connector file is the body of POST /connectors ({"name", "config", "initial_state"}), a flat object with "name", or .properties. A connector
that cannot be made or started ends the worker with exit code 3.
`,
  async run(args) {
    const { positionals } = parseFlags(args, {})
    const [file, ...connectorFiles] = positionals
    if (file === undefined)
      throw new UsageError('standalone takes a worker file: naru standalone worker.properties connector.json …')
    const props = await readConfig(file, parseConfigFile)
    const connectors = await Promise.all(connectorFiles.map((path) => readConfig(path, parseConnectorFile)))
    return await runWorker(() => startStandalone({ props, connectors }))
  },
}
