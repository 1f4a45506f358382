import assert from 'node:assert/strict'
import type { ClusterWorker } from './cluster-worker.ts'

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number | null
}

const PREFIX = 'kafka_connect_'

/** What one scrape of a worker says, in whichever form it was asked for. */
export class Scrape {
  readonly samples: readonly Sample[]

  private constructor(samples: readonly Sample[]) {
    this.samples = samples
  }

  static async text(worker: ClusterWorker): Promise<Scrape> {
    const { headers, body } = await worker.ask<string>('GET', '/metrics', undefined, {
      headers: { accept: 'text/plain' },
    })
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    const lines = body.split('\n').filter((line) => line.startsWith(PREFIX))
    return new Scrape(lines.map(parsed))
  }

  static async json(worker: ClusterWorker): Promise<Scrape> {
    const { body } = await worker.ask<Sample[]>('GET', '/metrics', undefined, {
      headers: { accept: 'application/json' },
    })
    return new Scrape(body)
  }

  /** The value of the one sample of this name (`<group> <attribute>` as Connect writes them) that has these labels; undefined: there is none. */
  value(attribute: string, labels: Labels = {}): number | undefined {
    const found = this.#of(attribute, labels)
    assert.ok(found.length <= 1, `${attribute} is there ${found.length} times: ${JSON.stringify(found)}`)
    return found[0]?.value ?? undefined
  }

  /** The values of several attributes of one group. */
  values(group: string, labels: Labels, attributes: readonly string[]): Record<string, number | undefined> {
    return Object.fromEntries(attributes.map((each) => [each, this.value(`${group} ${each}`, labels)]))
  }

  /** Of a text attribute: the label that is named as it is. */
  text(attribute: string, labels: Labels = {}): string | undefined {
    const [found] = this.#of(attribute, labels)
    return found?.labels[attribute.split(' ')[1]!.replaceAll('-', '_')]
  }

  #of(attribute: string, labels: Labels): readonly Sample[] {
    const name = PREFIX + attribute.replaceAll(/[- ]/g, '_')
    return this.samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
  }
}

function parsed(line: string): Sample {
  const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
  assert.ok(match !== null, line)
  const [, name = '', labels = '', value = ''] = match
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label!, text!] as const)
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) }
}
