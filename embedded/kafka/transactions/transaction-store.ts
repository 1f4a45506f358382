/** All transactional ids, durable as a journal: one line per change of one of them. */
import type { Logger } from 'naru/api'

import type { Flushable } from '../log/write-turn.ts'
import { Journal } from '../store/journal.ts'
import type { Transaction } from './transaction.ts'

type Line =
  | (Omit<Transaction, 'partitions' | 'groups'> & {
      readonly partitions: readonly string[]
      readonly groups: readonly string[]
    })
  | { readonly transactionalId: string; readonly state: 'Dead' }

export class TransactionStore implements Flushable {
  readonly #transactions = new Map<string, Transaction>()
  readonly #journal: Journal<Line>

  private constructor(file: string, logger: Logger) {
    this.#journal = Journal.open<Line>({
      file,
      apply: (line) => this.#apply(line),
      snapshot: () => this.all().map(lineOf),
      logger,
    })
  }

  static open(file: string, logger: Logger): TransactionStore {
    return new TransactionStore(file, logger)
  }

  get failure(): Error | undefined {
    return this.#journal.failure
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId)
  }

  all(): readonly Transaction[] {
    return [...this.#transactions.values()]
  }

  /** Written with the next flush(). */
  set(transaction: Transaction): void {
    this.#transactions.set(transaction.transactionalId, transaction)
    this.#journal.write(lineOf(transaction))
  }

  delete(transactionalId: string): void {
    this.#transactions.delete(transactionalId)
    this.#journal.write({ transactionalId, state: 'Dead' })
  }

  flush(): void {
    this.#journal.flush()
  }

  close(): void {
    this.#journal.close()
  }

  #apply(line: Line): void {
    if (line.state === 'Dead') this.#transactions.delete(line.transactionalId)
    else {
      const { partitions, groups } = line
      this.#transactions.set(line.transactionalId, {
        ...line,
        partitions: new Set(partitions),
        groups: new Set(groups),
      })
    }
  }
}

function lineOf(transaction: Transaction): Line {
  return { ...transaction, partitions: [...transaction.partitions], groups: [...transaction.groups] }
}
