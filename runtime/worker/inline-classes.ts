import type { Plugin } from '../api/index.ts'
import { simpleName } from '../plugins/plugin-names.ts'

/** Is this the name of a class of `plugins`, which were handed in as objects and so cannot be loaded in another thread? */
export function inlineClasses(plugins: readonly Plugin[]): (className: string) => boolean {
  const names = new Set(plugins.flatMap(classNames))
  return (className) => names.has(className)
}

/** Each by its full name, its simple name, and that without the suffix which configs may leave out. */
function classNames(plugin: Plugin): readonly string[] {
  const { connectors, converters, headerConverters, transformations, predicates } = plugin
  return [connectors, converters, headerConverters, transformations, predicates]
    .flatMap((of) => Object.keys(of ?? {}))
    .flatMap((name) => [name, simpleName(name)])
    .flatMap((name) => {
      const simple = name.slice(name.lastIndexOf('.') + 1)
      return [name, simple, simple.replace(/(Connector|HeaderConverter|Converter|Transformation|Predicate)$/, '')]
    })
}
