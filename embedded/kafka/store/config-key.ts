/** Kafka's configuration types and their numbers in DescribeConfigs v3+. */
export const ConfigType = { BOOLEAN: 1, STRING: 2, INT: 3, LONG: 5, DOUBLE: 6, LIST: 7 } as const
export type ConfigType = keyof typeof ConfigType

export interface ConfigKey {
  readonly type: ConfigType
  readonly default: string
  /** The broker property that gives the default of a topic property. */
  readonly broker?: string
  readonly min?: number
  readonly oneOf?: readonly string[]
  readonly doc: string
}

/** What is wrong with `value`, in the words of Kafka's ConfigDef; undefined when nothing is. */
export function invalidValue(name: string, key: ConfigKey, value: string): string | undefined {
  const wrong = (why: string): string => `Invalid value ${value} for configuration ${name}: ${why}`
  switch (key.type) {
    case 'BOOLEAN':
      return /^(true|false)$/i.test(value.trim()) ? undefined : wrong('Expected value to be either true or false')
    case 'INT':
    case 'LONG':
      if (!/^[+-]?\d+$/.test(value.trim())) return wrong(`Not a number of type ${key.type}`)
      return belowMinimum(key, Number(value)) ? wrong(`Value must be at least ${key.min}`) : undefined
    case 'DOUBLE':
      if (value.trim() === '' || Number.isNaN(Number(value))) return wrong('Not a number of type DOUBLE')
      return belowMinimum(key, Number(value)) ? wrong(`Value must be at least ${key.min}`) : undefined
    case 'LIST':
    case 'STRING': {
      const { oneOf } = key
      if (oneOf === undefined) return undefined
      const values = key.type === 'LIST' ? splitList(value) : [value]
      const known = values.every((one) => oneOf.includes(one))
      return known ? undefined : wrong(`String must be one of: ${oneOf.join(', ')}`)
    }
  }
}

export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function belowMinimum(key: ConfigKey, value: number): boolean {
  return key.min !== undefined && value < key.min
}
