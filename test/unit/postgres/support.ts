import type { TypeCatalog } from '../../../connectors/postgres/postgres/catalog.ts'
import type { TypeOptions } from '../../../connectors/postgres/types/type-options.ts'

export const DEFAULTS: TypeOptions = {
  decimalMode: 'precise',
  timeMode: 'adaptive',
  binaryMode: 'bytes',
  intervalMode: 'numeric',
  hstoreMode: 'json',
  moneyFractionDigits: 2,
  includeUnknown: false,
  placeholder: Buffer.from('__debezium_unavailable_value'),
  debezium37: true,
}

/** A catalog of base types; arrays have the element's number plus 1000. */
export function catalogOf(...names: readonly string[]): { catalog: TypeCatalog; oid: (name: string) => number } {
  const entries = names.flatMap((name, index) => {
    const base = { schema: 'pg_catalog', kind: 'b', baseOid: 0, baseTypmod: -1, labels: [] }
    return [
      { ...base, oid: index + 1, name, elementOid: 0 },
      { ...base, oid: index + 1001, name: `_${name}`, elementOid: index + 1 },
    ]
  })
  return {
    catalog: new Map(entries.map((type) => [type.oid, type])),
    oid: (name) => entries.find((type) => type.name === name)!.oid,
  }
}

/** A tuple of pgoutput: null, an unchanged TOAST value (undefined) or text. */
export function tupleOf(values: readonly (string | null | undefined)[]): Buffer {
  const parts = [Buffer.from([values.length >> 8, values.length & 0xff])]
  for (const value of values) {
    if (value === null) parts.push(Buffer.from('n'))
    else if (value === undefined) parts.push(Buffer.from('u'))
    else {
      const text = Buffer.from(value)
      const head = Buffer.from('t\0\0\0\0')
      head.writeInt32BE(text.length, 1)
      parts.push(head, text)
    }
  }
  return Buffer.concat(parts)
}
