import type { ConnectRecord, Predicate, Transformation } from '../api/index.ts'
import type { TransformSpec } from '../config/connector-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'

interface Link {
  readonly className: string
  readonly transformation: Transformation
  readonly predicate: Predicate | undefined
  readonly negate: boolean
}

/** The transformations of a connector, in order, each behind its predicate. */
export class TransformationChain implements Disposable {
  readonly #links: readonly Link[]
  #at = 0

  private constructor(links: readonly Link[]) {
    this.#links = links
  }

  static build(specs: readonly TransformSpec[], plugins: PluginRegistry): TransformationChain {
    const predicates = new Map<string, Predicate>()
    const predicateOf = (spec: TransformSpec['predicate']): Predicate | undefined => {
      if (spec === undefined) return undefined
      let predicate = predicates.get(spec.alias)
      if (predicate === undefined) {
        predicate = new (plugins.predicate(spec.type, spec.version))()
        predicate.configure(spec.props)
        predicates.set(spec.alias, predicate)
      }
      return predicate
    }
    return new TransformationChain(
      specs.map((spec) => {
        const transformation = new (plugins.transformation(spec.type, spec.version))()
        transformation.configure(spec.props)
        return { className: spec.type, transformation, predicate: predicateOf(spec.predicate), negate: spec.negate }
      }),
    )
  }

  get isEmpty(): boolean {
    return this.#links.length === 0
  }

  /** Class of the transformation that ran last: after an error, the one that failed. */
  get current(): string {
    return this.#links[this.#at]?.className ?? ''
  }

  /** The same object when nothing changed; undefined: dropped. */
  apply<R extends ConnectRecord>(record: R): R | undefined {
    const links = this.#links
    let result: ConnectRecord | undefined = record
    for (let i = 0; i < links.length; i++) {
      const link = links[i]!
      this.#at = i
      if (link.predicate !== undefined && link.predicate.test(result) === link.negate) continue
      result = link.transformation.apply(result)
      if (result === undefined) return undefined
    }
    return result as R
  }

  [Symbol.dispose](): void {
    for (const { transformation } of this.#links) transformation.close?.()
    for (const predicate of new Set(this.#links.map((link) => link.predicate))) predicate?.close?.()
  }
}
