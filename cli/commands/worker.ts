import { parseConfigFile, startDistributed } from 'naru'
import type { Command } from '../command.ts'
import { readConfig } from '../config-file.ts'
import { parseFlags } from '../flags.ts'
import { Optimizer } from '../optimizer.ts'
import { runWorker } from '../run-worker.ts'
import { UsageError } from '../usage-error.ts'

export const command: Command = {
  help: `usage: naru worker worker.properties

A distributed worker of the Kafka cluster named in the file. Property names are Kafka Connect's; a .json file holds the same
names in one object. Workers with the same group.id share the connectors. configs/worker.properties is a file to begin with.
`,
  async run(args) {
    const { positionals } = parseFlags(args, {})
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0)
      throw new UsageError('worker takes one file: naru worker worker.properties')
    const props = await readConfig(file, parseConfigFile)
    const optimizer = Optimizer.switchedOff()
    return await runWorker(() => startDistributed({ props, beforeWork: () => optimizer?.allow() }))
  },
}
