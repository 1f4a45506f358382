// npm test [-- FILE_OR_FOLDER…]: everything on the embedded parts, or only the files named.
import { ALL_CORES, MOSTLY_WAITING, clusterPhases, filesOfArguments, runPhases, testFiles } from './test-runner.ts'

delete process.env.KAFKA_BOOTSTRAP // the embedded broker, whatever the shell says

const named = process.argv.slice(2)
if (named.length > 0) await runPhases([{ files: filesOfArguments(named), concurrency: ALL_CORES }])
else
  await runPhases([
    { files: testFiles('test/unit', 'test/connectors', 'test/contract'), concurrency: ALL_CORES },
    {
      files: testFiles('test/integration').filter((file) => !file.includes('/integration/java/')),
      concurrency: MOSTLY_WAITING,
    },
    { files: testFiles('test/acceptance'), concurrency: MOSTLY_WAITING },
    ...clusterPhases(),
  ])
