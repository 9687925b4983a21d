/** What labels look like together. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/labels/ledger';
import type { Label } from '../../src/labels/record';
import { statisticsOf } from '../../src/labels/statistics';
import { candidateOf, pairsOf, ratingOf, tasksOf } from '../../src/labels/tasks';
import type { NewTask } from '../../src/labels/tasks';
import { diffWords, likeness } from '../../src/labels/wordDiff';

const AT = '2026-11-26T10:00:00.000Z';

const labelled = (task: string, by: string, result: Label['result'], seconds = 10): Label => ({
  ...{ kind: 'label', id: `${task}-${by}`, after: [], task, by, at: AT, status: 'done' },
  ...{ seconds, cites: by === 'anna' ? ['style'] : [], result },
});

const answer = (content: string, draft?: string): Label['result'] => ({
  mode: 'answer',
  branches: [
    [
      { role: 'user', content: 'Q' },
      { role: 'assistant', content, ...(draft && { draft: { by: 'm', text: draft } }) },
    ],
  ],
});

describe('agreement', () => {
  const [red, blue] = [candidateOf('red', 'm'), candidateOf('blue', 'm')];
  const asked = (at: number) => [{ role: 'user' as const, content: String(at) }];

  function kappaOf(choices: readonly (readonly [string, string])[]) {
    const wanted = choices.flatMap((_, at) => pairsOf(asked(at), [red, blue], 'm'));
    const tasks = tasksOf(wanted, [], { by: 'anna', at: AT });
    const labels = choices.flatMap(([one, other], at) => {
      const task = tasks[at]!.id;
      // Each saw them in another order: that changes nothing.
      return [
        labelled(task, 'anna', { mode: 'ranking', shown: [red.id, blue.id], choice: one }),
        labelled(task, 'ben', { mode: 'ranking', shown: [blue.id, red.id], choice: other }),
      ];
    });
    return statisticsOf(new Ledger([...tasks, ...labels]), []).agreement[0];
  }

  it('of comparisons is the share of equal ones, and kappa', () => {
    // 45 both red, 15 both blue, 40 differing: 0.6 agree. Red is said 130 times of 200, so chance is
    // 0.65² + 0.35² = 0.545, and kappa 0.055 / 0.455 (by hand).
    const choices = [
      ...Array.from({ length: 45 }, () => [red.id, red.id] as const),
      ...Array.from({ length: 15 }, () => [blue.id, blue.id] as const),
      ...Array.from({ length: 20 }, () => [red.id, blue.id] as const),
      ...Array.from({ length: 20 }, () => [blue.id, red.id] as const),
    ];
    const found = kappaOf(choices);
    expect(found).toMatchObject({ pairs: 100, agreement: 0.6 });
    expect(found?.kappa).toBeCloseTo(0.055 / 0.455, 10);
  });

  it('is full where all is equal, and says nothing of chance where nobody ever differs', () => {
    expect(kappaOf([[red.id, red.id] as const, [blue.id, blue.id] as const])?.kappa).toBe(1);
    expect(kappaOf([['tie', 'tie'] as const])).toMatchObject({ agreement: 1, kappa: null });
  });

  it('of marks counts how far they lie apart', () => {
    const marks = [
      [1, 2],
      [3, 3],
      [5, 4],
      [2, 2],
    ] as const;
    const wanted = marks.flatMap((_, at) => ratingOf(asked(at), [red], 'm'));
    const tasks = tasksOf(wanted, [], { by: 'anna', at: AT });
    const labels = marks.flatMap((pair, at) =>
      pair.map((mark, who) =>
        labelled(tasks[at]!.id, who === 0 ? 'anna' : 'ben', {
          ...{ mode: 'rating', shown: [red.id] },
          scores: { [red.id]: mark },
        }),
      ),
    );
    const [found] = statisticsOf(new Ledger([...tasks, ...labels]), []).agreement;
    // Mean square distance 2/4; marks 1 2 3 3 5 4 2 2 have variance 1.4375 (by hand).
    expect(found?.agreement).toBe(0.5);
    expect(found?.kappa).toBeCloseTo(1 - 0.5 / (2 * 1.4375), 10);
  });
});

describe('statistics', () => {
  it('count lengths, refusals, sections, time, and what was left of drafts', () => {
    const wanted: NewTask[] = ['a', 'b', 'c'].map((content) => ({
      ...{ mode: 'answer', turns: [{ role: 'user', content }] },
    }));
    const tasks = tasksOf(wanted, [], { by: 'anna', at: AT });
    const [a, b] = tasks.map(({ id }) => id);
    const labels = [
      labelled(a!, 'anna', answer('The sky is blue.', 'The sky is red.'), 10),
      labelled(b!, 'anna', answer("I don't know that."), 30),
      labelled(a!, 'ben', answer('The sky is blue.'), 5),
    ];
    const style = { slug: 'style', title: 'Style', level: 2 };
    const found = statisticsOf(new Ledger([...tasks, ...labels]), [
      style,
      { slug: 'truth', title: 'Truth', level: 2 },
    ]);
    expect(found).toMatchObject({ tasks: 3, labelled: 2, uncited: 1 });
    expect(found.labellers[0]).toEqual({
      ...{ labeller: 'anna', done: 2, skipped: 0, medianSeconds: 20, answers: 2 },
      ...{ medianWords: 4.5, refusals: 1, draftKept: 0.75 },
    });
    expect(found.sections.map(({ cited }) => cited)).toEqual([2, 0]);
    expect(found.agreement).toEqual([{ mode: 'answer', pairs: 1, agreement: 1, kappa: null }]);
    expect(found.lengths[0]).toEqual({ from: 0, answers: 3 });
  });
});

describe('two texts', () => {
  const words = fc
    .array(fc.constantFrom('the', 'sky', 'is', 'blue', 'Red,', '\n'), { maxLength: 12 })
    .map((each) => each.join(' '));

  it('are each put together again from the parts of their difference', () => {
    fc.assert(
      fc.property(fc.oneof(words, fc.string()), fc.oneof(words, fc.string()), (one, other) => {
        const parts = diffWords(one, other);
        const without = (gone: string): string =>
          parts.flatMap(({ kind, text }) => (kind === gone ? [] : [text])).join('');
        expect(without('new')).toBe(one);
        expect(without('gone')).toBe(other);
      }),
    );
  });

  it('are as alike the other way round, and wholly so only to themselves', () => {
    fc.assert(
      fc.property(words, words, (one, other) => {
        expect(likeness(one, other)).toBe(likeness(other, one));
        expect(likeness(one, one)).toBe(1);
        expect(likeness(one, other)).toBeGreaterThanOrEqual(0);
        expect(likeness(one, other)).toBeLessThanOrEqual(1);
      }),
    );
    expect(likeness('the sky is blue', 'The sky was blue!')).toBe(0.75);
  });

  it('are compared though they are as long as a book', () => {
    const book = Array.from({ length: 100_000 }, (_, at) => `word${at}`);
    const mended = book.with(50_000, 'other');
    expect(likeness(book.join(' '), mended.join(' '))).toBe(1 - 1 / book.length);
    // The order of so many words is not looked at.
    expect(likeness(book.join(' '), book.toReversed().join(' '))).toBe(1);
  });

  it('have as many words in common as there are, wherever they differ', () => {
    const some = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
    const subsequences = (all: readonly string[]): Set<string> =>
      new Set(
        Array.from({ length: 2 ** all.length }, (_, mask) =>
          all.filter((_word, at) => (mask >> at) % 2 === 1).join(' '),
        ),
      );
    fc.assert(
      fc.property(some, some, (one, other) => {
        const others = subsequences(other);
        const common = [...subsequences(one)].filter((each) => others.has(each));
        const longest = Math.max(...common.map((text) => text.split(' ').filter(Boolean).length));
        const all = one.length + other.length;
        expect(likeness(one.join(' '), other.join(' '))).toBe(all === 0 ? 1 : (2 * longest) / all);
      }),
      { numRuns: 60 },
    );
  });
});
