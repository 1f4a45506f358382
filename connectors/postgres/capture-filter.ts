import { ConfigError } from 'naru/api'
import type { TableName } from './postgres/publication.ts'

export interface FilterLists {
  readonly schemaInclude: readonly RegExp[]
  readonly schemaExclude: readonly RegExp[]
  readonly tableInclude: readonly RegExp[]
  readonly tableExclude: readonly RegExp[]
  readonly columnInclude: readonly RegExp[]
  readonly columnExclude: readonly RegExp[]
  readonly messagePrefixInclude: readonly RegExp[]
  readonly messagePrefixExclude: readonly RegExp[]
}

/** Which schemas, tables, columns and messages become events. */
export class CaptureFilter {
  readonly #lists: FilterLists

  constructor(lists: FilterLists) {
    this.#lists = lists
  }

  table({ schema, table }: TableName): boolean {
    const { schemaInclude, schemaExclude, tableInclude, tableExclude } = this.#lists
    if (schema === 'pg_catalog' || schema === 'information_schema' || schema.startsWith('pg_temp')) return false
    return passes(schema, schemaInclude, schemaExclude) && passes(`${schema}.${table}`, tableInclude, tableExclude)
  }

  column({ schema, table }: TableName, column: string): boolean {
    return passes(`${schema}.${table}.${column}`, this.#lists.columnInclude, this.#lists.columnExclude)
  }

  message(prefix: string): boolean {
    return passes(prefix, this.#lists.messagePrefixInclude, this.#lists.messagePrefixExclude)
  }
}

function passes(name: string, include: readonly RegExp[], exclude: readonly RegExp[]): boolean {
  if (include.length > 0) return include.some((regex) => regex.test(name))
  return !exclude.some((regex) => regex.test(name))
}

/** Debezium's lists of regular expressions: separated by commas (`\,` is a literal one), anchored, case-insensitive. */
export function parseRegexList(key: string, text: string | null): readonly RegExp[] {
  if (text === null) return []
  return splitEscaped(text, ',')
    .filter((part) => part !== '')
    .map((part) => anchoredRegex(key, part))
}

export function anchoredRegex(key: string, pattern: string): RegExp {
  try {
    // Java's inline flag is redundant here and unknown to JavaScript
    return new RegExp(`^(?:${pattern.replace(/^\(\?i\)/, '')})$`, 'i')
  } catch (error) {
    throw new ConfigError(key, `Invalid value ${pattern} for configuration ${key}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

export function splitEscaped(text: string, separator: string): readonly string[] {
  const parts: string[] = ['']
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && text[i + 1] === separator) parts[parts.length - 1] += text[++i]!
    else if (text[i] === separator) parts.push('')
    else parts[parts.length - 1] += text[i]!
  }
  return parts.map((part) => part.trim())
}

export interface KeyRule {
  readonly table: RegExp
  readonly columns: readonly string[]
}

/** `tableRegex:colA,colB;tableRegex2:colC` */
export function parseKeyColumns(key: string, text: string | null): readonly KeyRule[] {
  if (text === null) return []
  return splitEscaped(text, ';')
    .filter((part) => part !== '')
    .map((part) => {
      const colon = part.lastIndexOf(':')
      const columns = part
        .slice(colon + 1)
        .split(',')
        .map((column) => column.trim())
      if (colon <= 0 || columns.includes(''))
        throw new ConfigError(
          key,
          `Invalid value ${part} for configuration ${key}: expected <table regex>:<column>,<column>`,
        )
      return { table: anchoredRegex(key, part.slice(0, colon).trim()), columns }
    })
}
