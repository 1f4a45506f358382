import { configDef } from '../api/index.ts'
import type { Transformation } from '../api/index.ts'

const definition = configDef({})

/** Drops every record; made to be used with a predicate. */
export class Filter implements Transformation {
  static configDef(): typeof definition {
    return definition
  }

  configure(): void {}

  apply(): undefined {
    return undefined
  }
}
