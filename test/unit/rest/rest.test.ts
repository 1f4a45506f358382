import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stages } from '../../../runtime/herder/stages.ts'
import { usersFileOf } from '../../../runtime/rest/basic-auth.ts'
import { configJsonOf, createRequestOf, flag, offsetsOf, propsOf } from '../../../runtime/rest/request-body.ts'
import { parseHeaderRules } from '../../../runtime/config/header-rules.ts'
import { tlsOptions } from '../../../runtime/rest/tls-options.ts'
import { LoggerLevels, loggerName } from '../../../runtime/telemetry/logger-levels.ts'

describe('logger levels', () => {
  test('belong to names that follow from contexts', () => {
    assert.equal(loggerName(''), 'org.apache.kafka.connect')
    assert.equal(loggerName('[rest]'), 'org.apache.kafka.connect.runtime.rest')
    assert.equal(loggerName('[orders.eu|task-0] [offsets]'), 'connectors.orders.eu.task-0.offsets')
  })

  test('hold for everything below a name until something there is given another', () => {
    const levels = new LoggerLevels('info')
    assert.ok(!levels.passes('[a|task-0]', 'debug'))
    assert.ok(!levels.passes('[b|task-0]', 'debug'))
    assert.deepEqual(levels.set('connectors.a', 'debug'), ['connectors.a', 'connectors.a.task-0'])
    assert.ok(levels.passes('[a|task-0]', 'debug'))
    assert.ok(!levels.passes('[b|task-0]', 'debug'))
    assert.ok(!levels.passes('[ab|task-0]', 'debug'), 'a name is not a mere prefix')
    assert.deepEqual(levels.set('connectors.a', 'debug'), [], 'nothing changes')
    assert.ok(levels.set('root', 'error').includes('connectors.a.task-0'))
    assert.ok(!levels.passes('[a|task-0]', 'warn'))
    const copy = new LoggerLevels('info')
    copy.replace(levels.own())
    assert.ok(!copy.passes('[a|task-0]', 'warn'), 'another thread decides alike')
  })

  test('show when they were changed, and none that nobody knows', () => {
    const levels = new LoggerLevels('info')
    assert.deepEqual(levels.get('root'), { level: 'info', lastModified: null })
    assert.equal(levels.get('nobody'), undefined)
    levels.set('nobody', 'warn')
    assert.equal(levels.get('nobody')?.level, 'warn')
    assert.ok(levels.get('nobody')?.lastModified !== null)
    assert.equal(levels.get('root')?.lastModified, null)
  })
})

describe('bodies of requests', () => {
  const json = (text: string) => configJsonOf(Buffer.from(text))

  test('keep numbers of configs as they are written', () => {
    assert.deepEqual(propsOf(json('{"a":1.50,"b":12345678901234567890,"c":true,"d":null,"e":"x","f":-1e3}')), {
      ...{ a: '1.50', b: '12345678901234567890', c: 'true', d: null, e: 'x', f: '-1e3' },
    })
    assert.throws(() => propsOf(json('{"a":[1]}')), /Cannot deserialize value of type String for the key "a"/)
    assert.throws(() => json('{'), /the body is not valid JSON/)
  })

  test('create connectors in any state, named without blanks', () => {
    const created = createRequestOf(json('{"name":" x ","config":{},"initial_state":"stopped"}'))
    assert.deepEqual(created, { name: 'x', config: {}, target: 'STOPPED' })
    assert.throws(() => createRequestOf(json('{"name":"x","config":{},"state":1}')), /Unrecognized field "state"/)
  })

  test('take flags as Java reads them', () => {
    assert.deepEqual(['true', 'TRUE', 'False', 'yes', '', undefined].map(flag), [
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  test('name offsets with or without an offset', () => {
    assert.deepEqual(offsetsOf({ offsets: [{ partition: { a: 1 } }] }), [{ partition: { a: 1 }, offset: null }])
  })
})

describe('settings of the REST server', () => {
  test('add headers by action, in quotes where the value has a comma', () => {
    assert.deepEqual(parseHeaderRules('add Cache-Control: no-cache, "set X: a, b", setDate Expires: 1000'), [
      { action: 'add', name: 'Cache-Control', value: 'no-cache' },
      { action: 'set', name: 'X', value: 'a, b' },
      { action: 'setDate', name: 'Expires', value: '1000' },
    ])
    assert.deepEqual(parseHeaderRules(' '), [])
    const format = "Expected: '[action] [header name]:[header value]'"
    const pair = "Expected: '[header name]:[header value]'"
    const space = "The '[header name]' cannot contain whitespace"
    for (const [given, message] of [
      ['nonsense', `Invalid format of header config 'nonsense'. ${format}`],
      [',set a: b', `Invalid format of header config ''. ${format}`],
      ['a: b', "Invalid header config action: 'a:'. Expected one of [set, add, setDate, addDate]"],
      ['set a b', `Invalid format of header name and header value pair 'a b'. ${pair}`],
      ['set a:', `Invalid format of header name and header value pair 'a:'. ${pair}`],
      ['set a:b:c', `Invalid format of header name and header value pair 'a:b:c'. ${pair}`],
      ['set a b: c', `Invalid header name 'a b'. ${space}`],
      ['set : x', `Invalid header name ''. ${space}`],
    ] as const)
      assert.throws(() => parseHeaderRules(given), { message }, given)
    assert.throws(() => parseHeaderRules('setDate Expires: soon'), /a number of milliseconds/)
  })

  test('take the prefixed TLS settings or the others, never some of each', () => {
    const options = tlsOptions(
      {
        'ssl.client.auth': 'required',
        'ssl.keystore.location': '/none',
        'listeners.https.ssl.client.auth': 'requested',
      },
      'listeners.https.',
    )
    assert.deepEqual([options.requestCert, options.rejectUnauthorized, options.cert], [true, false, undefined])
    const { minVersion, maxVersion } = tlsOptions({ 'ssl.enabled.protocols': 'TLSv1.3' }, 'listeners.https.')
    assert.deepEqual([minVersion, maxVersion], ['TLSv1.3', 'TLSv1.3'])
  })

  test('find the file of users in a JAAS file', () => {
    const jaas = 'Other { x.Y required; };\nKafkaConnect {\n a.b.PropertyFileLoginModule required\n file="/u";\n};'
    assert.equal(usersFileOf(jaas, 'jaas.conf'), '/u')
    assert.throws(() => usersFileOf('KafkaConnect { a.Ldap required; };', 'jaas.conf'), /only PropertyFileLoginModule/)
    assert.throws(() => usersFileOf('', 'jaas.conf'), /no entry KafkaConnect/)
  })
})

describe('stages', () => {
  test('tell what goes on, else what was done last', async () => {
    const stages = new Stages()
    assert.equal(stages.summary(), undefined)
    let end = (): void => undefined
    const outer = stages.during('waiting', () => new Promise<void>((resolve) => (end = resolve)))
    await stages.during('writing', async () => undefined)
    assert.match(stages.summary()!, /^The worker is currently waiting, which began at \d{4}-.*Z\.$/)
    end()
    await outer
    assert.match(
      stages.summary()!,
      /^The last operation the worker completed was waiting, which began at .*Z and completed at .*Z\.$/,
    )
  })
})
