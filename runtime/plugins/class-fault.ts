import type { PluginType } from './plugin-names.ts'

/** What a class must be able to do, per plugin type; a class without one of these is abstract, however it came to be. */
const METHODS: Readonly<Partial<Record<PluginType, readonly string[]>>> = {
  converter: ['configure', 'fromConnectData', 'toConnectData'],
  header_converter: ['configure', 'fromConnectHeader', 'toConnectHeader'],
  transformation: ['configure', 'apply'],
  predicate: ['configure', 'test'],
}

/**
 * Why no object of this class can be made, in the words of a validation answer; undefined when one was made. As in Connect, every plugin
 * class but connectors is made once when it is found.
 */
export function classFault(type: PluginType, className: string, of: unknown, key: string): string | undefined {
  const methods = METHODS[type]
  if (methods === undefined) return undefined
  const invalid = (why: string): string => `Invalid value ${className} for configuration ${key}: ${why}`
  if (typeof of !== 'function') return invalid('it is no class')
  const { prototype } = of as { readonly prototype?: Readonly<Record<string, unknown>> }
  if (methods.some((method) => typeof prototype?.[method] !== 'function'))
    return 'This class is abstract and cannot be created.'
  if (of.length > 0) return invalid(`Could not find a public no-argument constructor for class: ${className}.<init>()`)
  try {
    new (of as new () => unknown)()
    return undefined
  } catch {
    return invalid('Could not instantiate class')
  }
}
