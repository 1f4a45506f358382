import type { Command } from '../command.ts'
import { parseFlags } from '../flags.ts'
import { newConnector } from '../new-connector.ts'
import { UsageError } from '../usage-error.ts'

export const command: Command = {
  help: `usage: naru connector new NAME [--dir FOLDER]

A folder with a plugin to begin with: a source, a sink, their tests, ready for plugin.path. NAME is the package's name, in lower case with
dashes. docs/writing-a-connector.md goes on from there.

  --dir FOLDER       where the folder NAME is made (default: here)
`,
  async run(args) {
    const flags = parseFlags(args, { dir: 'string' })
    const [what, name, ...more] = flags.positionals
    if (what !== 'new' || name === undefined || more.length > 0)
      throw new UsageError('connector takes "new" and a name: naru connector new my-connector')
    const folder = await newConnector(name, flags.text('dir') ?? '.')
    process.stdout.write(`${folder} is ready: cd there, npm install, npm test; README.md says how to run it.\n`)
    return 0
  },
}
