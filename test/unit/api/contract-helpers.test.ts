import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  configDef,
  didYouMean,
  editDistance,
  javaFullMatch,
  javaRegex,
  mergeConfigDefs,
  validators,
} from '../../../runtime/api/index.ts'

describe('did you mean', () => {
  it('counts edits, a swap as one', () => {
    assert.equal(editDistance('kitten', 'sitting', 5), 3)
    assert.equal(editDistance('ab', 'ba', 2), 1)
    assert.equal(editDistance('short', 'much longer', 2), 3)
  })

  it('suggests the nearest, not minding case and separators, and nothing far away', () => {
    const known = ['tasks.max', 'topics', 'topics.regex', 'flush.size']
    assert.equal(didYouMean('task.max', known), 'tasks.max')
    assert.equal(didYouMean('Flush_Size', known), 'flush.size')
    assert.equal(didYouMean('topcis', known), 'topics')
    assert.equal(didYouMean('file', known), undefined)
    assert.equal(didYouMean('x', ['y']), undefined)
  })
})

describe('regular expressions in the syntax of Java', () => {
  it('are translated', () => {
    const table: readonly (readonly [string, string, boolean])[] = [
      ['\\Qa.b\\E.*', 'a.bc', true],
      ['\\Qa.b\\E.*', 'axbc', false],
      ['(?i)ABC', 'abc', true],
      ['\\p{Alpha}+\\p{Digit}', 'ab1', true],
      ['[\\p{Alpha}_]+', 'a_b', true],
      ['\\P{Digit}', '1', false],
      ['\\Aa\\z', 'a', true],
      ['a++b', 'aab', true],
      ['a\\++', 'a++', true],
      ['(?>ab|a)c', 'abc', true],
      ['ab|a', 'ab', true],
    ]
    for (const [pattern, text, fits] of table) assert.equal(javaFullMatch(pattern).test(text), fits, pattern)
    assert.throws(() => javaRegex('('), SyntaxError)
  })
})

describe('a configuration definition', () => {
  const def = configDef({
    a: { type: 'INT', importance: 'HIGH', documentation: 'first | key', validator: validators.atLeast(1) },
    b: { type: 'LIST', default: ['x', 'y'], importance: 'LOW', documentation: 'second' },
    c: { type: 'PASSWORD', default: null, importance: 'LOW', documentation: 'third' },
  })

  it('documents itself', () => {
    assert.equal(
      def.docs(),
      '| key | type | default | allowed | |\n| --- | --- | --- | --- | --- |\n' +
        '| `a` | INT | required | [1,...] | first \\| key |\n| `b` | LIST | `x,y` |  | second |\n| `c` | PASSWORD |  |  | third |\n',
    )
  })

  it('reports a missing key and a bad value with two messages where Kafka does, and hides passwords', () => {
    const messages = (props: Record<string, string>): readonly string[] => def.validate(props)[0]!.errors
    assert.equal(messages({}).length, 2)
    assert.equal(messages({ a: 'x' }).length, 2)
    assert.equal(messages({ a: '0' }).length, 1)
    assert.equal(def.validate({ a: '1', c: 'secret' })[2]!.value, '[hidden]')
  })

  it('merges with others, the later one winning', () => {
    const merged = mergeConfigDefs(
      def,
      configDef({ b: { type: 'INT', default: 1, importance: 'LOW', documentation: '' } }),
    )
    assert.deepEqual(Object.keys(merged.keys), ['a', 'b', 'c'])
    assert.equal(merged.keys['b']!.type, 'INT')
  })
})
