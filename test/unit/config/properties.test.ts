import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfigFile, parseConnectorFile, parseProperties } from '../../../runtime/config/properties.ts'

describe('properties files', () => {
  it('take equals sign, colon or space between key and value', () => {
    assert.deepEqual(parseProperties('a=1\nb:2\nc 3\nd = 4 \n e\t:\t5\nf\n=g'), {
      a: '1',
      b: '2',
      c: '3',
      d: '4 ',
      e: '5',
      f: '',
      '': 'g',
    })
  })

  it('leave out comments and blank lines', () => {
    assert.deepEqual(parseProperties('# x=1\n  ! y=2\n\n \t\nz=#3'), { z: '#3' })
  })

  it('continue a line after a backslash, without the blanks that follow', () => {
    assert.deepEqual(parseProperties('a=b,\\\n   c,\\\r\n\td\ne=f\\\\\ng=h'), { a: 'b,c,d', e: 'f\\', g: 'h' })
  })

  it('understand escapes, also of separators in keys', () => {
    assert.deepEqual(parseProperties('a\\=b\\:c\\ d=x\\ty\\n\\u00e9\\q\\\\'), { 'a=b:c d': 'x\ty\né' + 'q\\' })
  })

  it('keep the last of equal keys, and values with separators', () => {
    assert.deepEqual(parseProperties('a=1\na=2=3:4'), { a: '2=3:4' })
  })
})

describe('configuration files', () => {
  it('are JSON when their name says so, with numbers and booleans as text', () => {
    assert.deepEqual(parseConfigFile('{"a":1,"b":true,"c":"x"}', 'w.json'), { a: '1', b: 'true', c: 'x' })
    assert.throws(() => parseConfigFile('{"a":{}}', 'w.json'), /w\.json: the value of "a" must be a string/)
    assert.throws(() => parseConfigFile('{', 'w.json'), /w\.json is not valid JSON/)
  })

  it('of connectors come in three shapes', () => {
    const config = { name: 'c', topics: 't' }
    assert.deepEqual(parseConnectorFile('name=c\ntopics=t', 'c.properties'), { name: 'c', config })
    assert.deepEqual(parseConnectorFile('{"name":"c","topics":"t"}', 'c.json'), { name: 'c', config })
    assert.deepEqual(parseConnectorFile('{"name":"c","config":{"topics":"t"},"initial_state":"PAUSED"}', 'c.json'), {
      name: 'c',
      config: { topics: 't', name: 'c' },
      initialState: 'PAUSED',
    })
    assert.deepEqual(parseConnectorFile('\n{"name":"c","topics":"t"}', 'c.properties'), { name: 'c', config })
    assert.throws(
      () => parseConnectorFile('{"name":"c","config":{"name":"d"}}', 'c.json'),
      /c\.json: the connector's name in "config" is not the one in "name"/,
    )
    assert.throws(() => parseConnectorFile('topics=t', 'c.properties'), /c\.properties has no "name"/)
    assert.throws(() => parseConnectorFile('{', 'c.json'), /c\.json is not valid JSON/)
  })
})
