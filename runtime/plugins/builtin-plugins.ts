import { definePlugin } from '../api/index.ts'
import type { Plugin } from '../api/index.ts'

/** What every worker has, under the class names of Apache Kafka. */
export const builtinPlugins: readonly Plugin[] = [definePlugin({ name: 'naru', version: '0.1.0' })]
