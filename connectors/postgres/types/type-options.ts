export type DecimalMode = 'precise' | 'double' | 'string'
export type TimeMode =
  'adaptive' | 'adaptive_time_microseconds' | 'connect' | 'isostring' | 'microseconds' | 'nanoseconds' | 'structured'
export type BinaryMode = 'bytes' | 'base64' | 'base64-url-safe' | 'hex'
export type IntervalMode = 'numeric' | 'string'
export type HstoreMode = 'json' | 'map'

/** The settings that decide how values look. */
export interface TypeOptions {
  readonly decimalMode: DecimalMode
  readonly timeMode: TimeMode
  readonly binaryMode: BinaryMode
  readonly intervalMode: IntervalMode
  readonly hstoreMode: HstoreMode
  readonly moneyFractionDigits: number
  readonly includeUnknown: boolean
  /** Marks an unchanged TOAST value. */
  readonly placeholder: Buffer
  /** Debezium 3.7's additions: all geometric types, geometry schema version 2, timetz 24:00. */
  readonly debezium37: boolean
}
