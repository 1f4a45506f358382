import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { PluginRegistry } from '../../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from '../plugins/silent-logger.ts'
import { isKnown, testKnown } from './known-differences.ts'
import type { KnownDifferences } from './known-differences.ts'
import { comparable, outcome } from './recorded-record.ts'
import type { Recorded } from './recorded-record.ts'

/**
 * What the converters, transformations and predicates of Kafka Connect 4.3.1 make of odd values, schemas and settings, with the words in which
 * they refuse them: recorded by running them.
 */
const cases = readFileSync(new URL('../../fixtures/connect-4.3/data-model.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)

const DIFFERENT: KnownDifferences = [
  [
    'a whole key or value of a logical type is cast too: the reference fails, since it keeps the name of the type',
    /^cast-\w+-(44|45|48|49|51|52|53|54)$/,
  ],
  [
    'a number without a schema is written as an integer when it is one: JavaScript has one type for both',
    /^(cast-float(32|64)-8[4-7]|jr-null-5|jr-raw-18|hr-202|maskm-(6|66))$/,
  ],
  ['floats are written with the fewest digits, as by Java since 19', /^(hr-91)$/],
  [
    'a decimal takes the scale of its schema where no digit is lost: the reference reads it, and fails to write it',
    /^(jr-dec0-5|jr-dec2-[34]|jr-decm2-3|js-9[34]|w-Json-47|mask-(10|12|29|144))$/,
  ],
  ['1.0 is an integer in a date, a time or a timestamp', /^(jr-(date|time|ts)-5)$/],
  [
    'an array is not read from what is none: the reference makes an empty one of it, or one of the values of an object',
    /^(jr-arr-(2|3|40|41|42)|js-(7[12]|372|43[12]))$/,
  ],
  ['the schema of a required value may say "default": null', /^js-(168|17[02468]|18[02]|19[246])$/],
  ['JSON that nobody looks into is moved as it is: nulls stay', /^w-Json-159$/],
  ['a Date without a schema is called so', /^(tscf-83|tscm-97)$/],
  ['settings are refused with their names', /^(cast-cfg-5|cfg-Json-[678]|cfg-String-[14])$/],
  ['fewer character sets', /^cfg-String-2$/],
  ['regular expressions are refused in the words of JavaScript', /^(pred-1[12]|y-RegexRouter-[12])$/],
  ['dates and times in headers are read strictly: the reference makes 2025-01-02 of 2024-13-02', /^hr-(70|73)$/],
  [
    'arrays in an array may be of different types: the reference reads them, and fails to write them',
    /^hr-(47|108|204|206)$/,
  ],
  ['a schema of any type gets a name: the reference fails for all but structs', /^x-SetSchemaMetadata-3$/],
]

const plugins = await PluginRegistry.load({ pluginPath: [], logger: silentLogger })

function compare(of: Recorded): void {
  const { error: refusal, message = '', ...result } = of.java
  const { error, message: words, hex, ...rest } = outcome(of, plugins)
  const ours = 'hex' in result ? { ...rest, hex } : rest
  if (refusal === undefined) {
    assert.deepEqual(comparable({ error, ...ours }), comparable({ error: undefined, ...result }), words ?? '')
    return
  }
  assert.notEqual(error, undefined, `refused with ${message}, ours gave ${JSON.stringify(ours)}`)
  assert.equal(words, message)
}

const family = (id: string): string => id.replace(/-\d+$/, '')

describe('odd records come out, or are refused, as by Kafka Connect 4.3.1:', () => {
  for (const name of new Set(cases.map(({ id }) => family(id))))
    it(name, () => {
      const failed: string[] = []
      for (const each of cases.filter(({ id }) => family(id) === name)) {
        if (isKnown(DIFFERENT, each)) continue
        try {
          compare(each)
        } catch (error) {
          failed.push(`${each.id}: ${(error as Error).message}\n${JSON.stringify(each).slice(0, 500)}`)
        }
      }
      assert.deepEqual(failed, [])
    })

  testKnown(DIFFERENT, cases, compare)
})
