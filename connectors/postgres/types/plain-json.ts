import type { Schema, Decimal } from 'naru/api'
import { DECIMAL, bigintToBytes } from 'naru/api'
import { javaFloat, jsonString } from './json-text.ts'

/**
 * Connect's JSON mapping of a plain value, for constants (defaults, placeholders) and for the rarer types, whose codecs decode
 * only. Null becomes the schema's default, as the converter's `replace.null.with.default` does.
 */
export function plainJson(schema: Schema, value: unknown): string {
  if (value === null || value === undefined) {
    return schema.default === undefined ? 'null' : plainJson(schema, schema.default)
  }
  if (value instanceof Date) {
    return String(
      schema.type === 'INT32' && schema.name?.endsWith('.Date')
        ? Math.floor(value.getTime() / 86_400_000)
        : value.getTime(),
    )
  }
  switch (schema.type) {
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
    case 'BOOLEAN':
      return String(value)
    case 'FLOAT32':
    case 'FLOAT64':
      return javaFloat(String(value))
    case 'STRING':
      return jsonString(value as string)
    case 'BYTES': {
      const bytes = schema.name === DECIMAL ? bigintToBytes((value as Decimal).unscaled) : (value as Uint8Array)
      return `"${Buffer.from(bytes).toString('base64')}"`
    }
    case 'ARRAY':
      return `[${(value as unknown[]).map((item) => plainJson(schema.valueSchema!, item)).join(',')}]`
    case 'MAP': {
      const entries = [...(value as Map<unknown, unknown>)]
      if (schema.keySchema!.type !== 'STRING') {
        const pairs = entries.map(
          ([key, item]) => `[${plainJson(schema.keySchema!, key)},${plainJson(schema.valueSchema!, item)}]`,
        )
        return `[${pairs.join(',')}]`
      }
      return `{${entries.map(([key, item]) => `${jsonString(key as string)}:${plainJson(schema.valueSchema!, item)}`).join(',')}}`
    }
    case 'STRUCT': {
      const struct = value as Record<string, unknown>
      return `{${schema.fields!.map((field) => `${jsonString(field.name)}:${plainJson(field.schema, struct[field.name])}`).join(',')}}`
    }
  }
}
