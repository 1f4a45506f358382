import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareVersions, VersionRange } from '../../../runtime/plugins/plugin-version.ts'

describe('versions of plugins', () => {
  it('are ordered as Maven orders them', () => {
    const ordered = '1.0-alpha-1 1.0-beta 1.0-rc1 1.0-SNAPSHOT 1.0 1.0-sp 1.0.1 1.2 1.9 1.10 2.0.0-rc1 2 10.0'.split(
      ' ',
    )
    for (let i = 1; i < ordered.length; i++)
      assert.ok(compareVersions(ordered[i - 1]!, ordered[i]!) < 0, `${ordered[i - 1]} < ${ordered[i]}`)
    for (const same of [
      ['1', '1.0.0'],
      ['1.0-ga', '1'],
      ['1.0-cr1', '1.0-rc1'],
    ] as const)
      assert.equal(compareVersions(same[0], same[1]), 0, same.join(' = '))
  })

  it('are wanted one by one or by ranges', () => {
    const fits = (range: string, version: string): boolean => VersionRange.parse('k', range)!.includes(version)
    assert.equal(VersionRange.parse('k', undefined), undefined)
    assert.equal(VersionRange.parse('k', 'latest'), undefined)
    for (const [range, yes, no] of [
      ['1.0', '1.0.0', '1.1'],
      ['[1.0,2.0)', '1.9', '2.0'],
      ['(1.0,)', '3', '1.0'],
      ['(,1.5]', '1.5', '1.6'],
      ['[1.0],[3.0,)', '4', '2'],
    ] as const) {
      assert.ok(fits(range, yes), `${yes} in ${range}`)
      assert.ok(!fits(range, no), `${no} not in ${range}`)
    }
    assert.equal(fits('', '1.0'), false)
    assert.throws(() => VersionRange.parse('k', '[1.0'), /Unbounded range/)
    assert.throws(() => VersionRange.parse('k', '(1.0)'), /must be surrounded by \[\]/)
    assert.throws(() => VersionRange.parse('k', '[2,1]'), /defies version ordering/)
  })
})
