import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from '../plugins/silent-logger.ts'
import { isKnown, testKnown } from './known-differences.ts'
import type { KnownDifferences } from './known-differences.ts'
import { comparable, outcome } from './recorded-record.ts'
import type { Outcome, Recorded } from './recorded-record.ts'

/** Recorded by running the converters, transformations and predicates of Kafka Connect 4.3.1 themselves; values are indexes. */
const { values, cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/connect-4.3/records.json', import.meta.url), 'utf8'),
) as { readonly values: readonly unknown[]; readonly cases: readonly Recorded[] }

const DIFFERENT: KnownDifferences = [
  [
    'a number without a schema is written as an integer when it is one: JavaScript has one type for both',
    /^(cast-whole-float(32|64)-(int|neg|str|bool|zero|spacestr)|cast-whole-float32-(frac|bigfrac|big)|mask-map-(def|num)-f|read-JsonConverter-raw[5-7]|write-(Integer|Short|Double|Float)Converter-int|write-json-dbl4?-.*|write-(String|Long|Float)Converter-dbl4?|write-(Integer|Short)Converter-dbl4|write-FloatConverter-dbl[2356]|hw-(dbl4?|list)|write-StringConverter-list)$/,
  ],
  ['floats are written with the fewest digits, as by Java since 19', /^(cast-ts-float32|hr104)$/],
  [
    'JSON that nobody looks into is moved as it is: nulls, unknown fields and the form of numbers stay',
    /^(headerfrom-copy|meta-noreplace|v2k|v2k-noreplace|write-json-struct-.*|read-JsonConverter-env29)$/,
  ],
  ['a schema of any type gets a name: the reference fails for all but structs', /^meta-(scalar|nullvalue)$/],
  ['a masked decimal keeps its scale: the reference fails', /^mask-(def|num|frac)-dec$/],
  [
    'dates are proleptic Gregorian and between the years -271821 and 275760',
    /^(fmt2-(yyyyMMdd|yy-M-d|EEE, dd MMM yyyy|EEEE MMMM D|YYYY-ww|yyyy-MM-dd'T'HH:mm:ssX|W|dd\/MM\/yyyy HH.*)|tsc-(string|unix|Date|Time|Timestamp)-milliseconds-i64|tsc-unix-seconds-i64)$/,
  ],
  ['bytes and structs as text hold no memory addresses', /^write-StringConverter-(struct|bytes|tbytes)$/],
  ['the order of a Java hash map', /^write-StringConverter-map$/],
  ['fewer character sets', /^read-StringConverter-(utf16|utf16be|ascii)$/],
  ['a map without a key type can be written', /^hr69$/],
]

const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })

function withValues(of: Recorded): Recorded {
  const at = (index: unknown): unknown => (typeof index === 'number' ? values[index] : index)
  switch (of.op) {
    case 'transform': {
      const { record, java } = of
      const result = java['record'] as Readonly<Record<string, unknown>> | null | undefined
      return {
        ...of,
        record: { ...record, key: at(record.key), value: at(record.value) },
        java: result ? { record: { ...result, key: at(result['key']), value: at(result['value']) } } : java,
      } as Recorded
    }
    case 'write':
    case 'header-write':
      return { ...of, value: at(of.value) } as Recorded
    default:
      return of
  }
}

function compare(recorded: Recorded): void {
  const of = withValues(recorded)
  const ours = outcome(of, plugins)
  if (of.java.error !== undefined) {
    assert.notEqual(ours.error, undefined, `fails with ${of.java.message}, ours gave ${JSON.stringify(ours)}`)
    return
  }
  const shown: Outcome =
    'hex' in of.java ? ours : Object.fromEntries(Object.entries(ours).filter(([key]) => key !== 'hex'))
  assert.deepEqual(comparable(shown), comparable(of.java))
}

const KINDS = [
  ...new Set(
    cases.map(({ id }) =>
      id
        .split('-')
        .slice(0, id.startsWith('read') || id.startsWith('write') ? 2 : 1)
        .join('-'),
    ),
  ),
]

describe('records come out as from Kafka Connect 4.3.1:', () => {
  for (const kind of KINDS) {
    it(kind, () => {
      for (const each of cases.filter(({ id }) => id.startsWith(kind))) {
        if (isKnown(DIFFERENT, each)) continue
        try {
          compare(each)
        } catch (error) {
          throw new Error(`${each.id}: ${JSON.stringify(each).slice(0, 500)}`, { cause: error })
        }
      }
    })
  }

  testKnown(DIFFERENT, cases, compare)
})
