import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderRefresh } from '../../../runtime/kafka/leader-refresh.ts'
import { SILENT } from '../../integration/support/kafka-under-test.ts'

/** Each question, answered when the test says so; `done` resolves when it is over. */
function asked(pause: { readonly initialMs: number; readonly maxMs: number }) {
  const questions: { readonly topics: readonly string[]; readonly at: number; readonly answer: () => void }[] = []
  let news = Promise.withResolvers<void>()
  const done: (() => void)[] = []
  const leaders = new LeaderRefresh({
    cluster: {
      async refresh(topics) {
        const { promise, resolve } = Promise.withResolvers<void>()
        questions.push({ topics, at: performance.now(), answer: resolve })
        news.resolve()
        await promise
      },
    },
    pause,
    logger: SILENT,
    onDone: () => done.shift()?.(),
  })
  return {
    leaders,
    questions,
    async question(count: number): Promise<void> {
      while (questions.length < count) {
        await news.promise
        news = Promise.withResolvers()
      }
    },
    async answer(): Promise<void> {
      const over = new Promise<void>((resolve) => done.push(resolve))
      questions.at(-1)!.answer()
      await over
    },
  }
}

test('leaders of all topics that miss theirs are asked for at once, also of those that come while it waits', async () => {
  const { leaders, questions, question, answer } = asked({ initialMs: 50, maxMs: 50 })
  leaders.ask(['a'])
  await question(1)
  leaders.ask(['b']) // the question is under way: it is up to who asks to come again
  await answer()
  leaders.ask(['a'])
  leaders.ask(['c', 'a']) // it waits for its pause
  await question(2)
  await answer()
  assert.deepEqual(
    questions.map(({ topics }) => [...topics].sort()),
    [['a'], ['a', 'c']],
  )
})

test('pauses between questions grow, to less than half a second', async () => {
  const { leaders, questions, question, answer } = asked({ initialMs: 100, maxMs: 60_000 })
  for (let count = 1; count <= 6; count++) {
    leaders.ask(['a'])
    await question(count)
    await answer()
  }
  const pauses = questions.slice(1).map(({ at }, i) => at - questions[i]!.at)
  const shown = pauses.map(Math.round).join()
  assert.ok(pauses.at(-1)! > 250, `they grow: ${shown} ms`)
  assert.ok(pauses.at(-1)! < 1000, `not without end, which would be 1600 ms here: ${shown} ms`)
})
