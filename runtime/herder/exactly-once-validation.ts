import { configDef } from '../api/index.ts'
import type { Logger, Props, Support } from '../api/index.ts'
import type { Validated } from '../config/config-infos.ts'
import type { WorkerConfig } from '../config/worker-config.ts'

const SUPPORT = 'exactly.once.support'
const BOUNDARY = 'transaction.boundary'

/** Asks an instance of the connector, that was not started; undefined: it has no such method. */
export type AskConnector = (
  method: 'exactlyOnceSupport' | 'canDefineTransactionBoundaries',
) => Promise<Support | null | undefined>

/**
 * Can the source deliver as its config demands (KIP-618)? Asked only where something is demanded. `errors` by key, in the words of the reference;
 * `props` resolved.
 */
export async function exactlyOnceErrors(options: {
  readonly worker: WorkerConfig
  readonly props: Props
  readonly ask: AskConnector
  readonly logger: Logger
}): Promise<Validated> {
  const { worker, props, ask, logger } = options
  const found = new Map<string, readonly string[]>()
  if (isSet(props, SUPPORT, 'required')) {
    const errors = await answered(logger, async () => supportError(await ask('exactlyOnceSupport')))
    const disabled = 'This worker does not have exactly-once source support enabled.'
    found.set(SUPPORT, worker.exactlyOnce === 'enabled' ? errors : [disabled, ...errors])
  }
  if (isSet(props, BOUNDARY, 'connector'))
    found.set(BOUNDARY, await answered(logger, async () => boundaryError(await ask('canDefineTransactionBoundaries'))))
  return {
    def: configDef({}),
    values: [...found].map(([name, errors]) => ({
      name,
      value: props[name] ?? null,
      recommendedValues: [],
      errors,
      visible: true,
    })),
  }
}

function isSet(props: Props, key: string, value: string): boolean {
  return props[key]?.trim().toLowerCase() === value
}

function supportError(support: Support | null | undefined): string | undefined {
  switch (support) {
    case 'SUPPORTED':
      return undefined
    case 'UNSUPPORTED':
      return 'The connector does not support exactly-once semantics with the provided configuration.'
    case null:
    case undefined:
      return (
        'The connector does not implement the API required for preflight validation of exactly-once source support. Please consult the ' +
        'documentation for the connector to determine whether it supports exactly-once semantics, and then consider reconfiguring the connector to ' +
        'use the value "requested" for this property (which will disable this preflight check and allow the connector to be created).'
      )
  }
}

function boundaryError(support: Support | null | undefined): string | undefined {
  switch (support) {
    case 'SUPPORTED':
      return undefined
    case null:
      return (
        'This connector has returned a null value from its canDefineTransactionBoundaries method, which is not permitted. The connector will be ' +
        "treated as if it cannot define its own transaction boundaries, and cannot be configured with 'transaction.boundary' set to 'connector'."
      )
    case 'UNSUPPORTED':
    case undefined:
      return (
        'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a ' +
        'different transaction boundary definition.'
      )
  }
}

async function answered(logger: Logger, check: () => Promise<string | undefined>): Promise<readonly string[]> {
  try {
    const error = await check()
    return error === undefined ? [] : [error]
  } catch (error) {
    logger.error('failed while asking the connector about exactly-once support', { error })
    const message = error instanceof Error ? error.message.trim() : ''
    const why = message === '' ? '; please see the worker logs for more details.' : `: ${message}`
    return [`An unexpected error occurred during validation${why}`]
  }
}
