import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from '../command.ts'
import { ConnectRest } from '../connect/rest.ts'
import { postDemoConnectors } from '../demo/demo-connectors.ts'
import { ObjectFolder } from '../demo/object-folder.ts'
import { PulseTaker } from '../demo/pulse.ts'
import { Shop } from '../demo/shop.ts'
import { LineView, LiveView } from '../demo/view.ts'
import { parseFlags } from '../flags.ts'
import { writeEndpoints } from '../lab/endpoints.ts'
import { LAB_FLAGS, LAB_HELP, labOptions } from '../lab/lab-options.ts'
import { BUCKET, Lab } from '../lab/lab.ts'
import { whereabouts } from '../lab/whereabouts.ts'
import { aborted, stopSignal } from '../stop-signal.ts'
import { UsageError } from '../usage-error.ts'

/** A view that misses one pulse is no reason to end; the log has the error. */
const AFTER_FAILED_PULSE_MS = 1_000

export const command: Command = {
  help: `usage: naru demo [flags]

A Kafka broker, a Postgres with a small shop, an S3 server and a worker, all on this machine; the connectors of
configs/connectors carry every change of the shop into objects. Everything is kept in the data folder: the next start continues.

${LAB_HELP}`,
  async run(args) {
    const flags = parseFlags(args, LAB_FLAGS)
    if (flags.positionals.length > 0) throw new UsageError(`demo takes flags only, not "${flags.positionals[0]}"`)
    const stop = stopSignal()
    process.stdout.write('Starting Kafka, Postgres, S3 and a worker …\n')
    await using lab = await Lab.start(labOptions(flags, process.env))
    await using shop = await Shop.open({
      url: lab.endpoints.postgres!,
      onProblem: (error) => lab.logger.warn('the shop cannot write; trying again', { error }),
    })
    await postDemoConnectors(lab.endpoints)
    shop.startWriting()
    await writeEndpoints(lab.folder.file('endpoints.json'), lab.endpoints)
    await Promise.race([lab.broken, watch(lab, shop, stop), aborted(stop)])
    process.stdout.write('Stopping …\n')
    return 0
  },
}

async function watch(lab: Lab, shop: Shop, signal: AbortSignal): Promise<void> {
  const head = whereabouts(lab.endpoints, lab.folder.path, lab.postgres?.dataDir)
  const output = process.stdout
  const view = output.isTTY ? new LiveView({ output, head }) : new LineView({ output, head })
  const taker = new PulseTaker({
    rest: new ConnectRest(lab.endpoints.rest),
    objects: new ObjectFolder(lab.folder.file(`s3/${BUCKET}`)),
    changes: () => shop.changes,
  })
  const onStop = (): void => view.close()
  signal.addEventListener('abort', onStop, { once: true })
  while (!signal.aborted) {
    try {
      for await (const pulse of taker.pulses(view.everyMs, signal)) if (!signal.aborted) view.show(pulse)
    } catch (error) {
      if (!signal.aborted) lab.logger.warn('the view missed a pulse', { error })
      await delay(AFTER_FAILED_PULSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}
