/** The probe's tab without a page: its table, and which questions are listed. */
import { describe, expect, it } from 'vitest';
import type { ProbeAnswer } from '../../src/protocol/knowledgeMessages';
import { filterCounts, groupsOf, listed } from '../../webview/probe/figures';

describe('the table', () => {
  it('takes a model that refuses for one that does not know', () => {
    const groups = groupsOf([
      { row: 'known', right: 8, wrong: 1, refused: 1 },
      { row: 'inconsistent', right: 1, wrong: 1, refused: 0 },
      { row: 'unknown', right: 0, wrong: 5, refused: 0 },
      { row: 'refused', right: 0, wrong: 1, refused: 3 },
    ]);
    expect(groups).toEqual([
      { knew: 'knew', all: 10, counts: { right: 8, wrong: 1, refused: 1 } },
      { knew: 'ignorant', all: 9, counts: { right: 0, wrong: 6, refused: 3 } },
      { knew: 'unsure', all: 2, counts: { right: 1, wrong: 1, refused: 0 } },
    ]);
    expect(groupsOf([]).map(({ all }) => all)).toEqual([0, 0, 0]);
  });
});

describe('the questions', () => {
  const asked = (
    question: string,
    knowledge: ProbeAnswer['knowledge'],
    said: string,
    before?: ProbeAnswer['knowledge'],
  ): ProbeAnswer => ({
    ...{ question, right: 'owl', knowledge, ended: true, probability: 0.5, agreement: 0 },
    answer: { text: said, verdict: 'wrong' },
    drawn: [{ text: 'A newt.', verdict: 'wrong' }],
    ...(before && { before: { knowledge: before, answer: { text: '', verdict: 'refused' } } }),
  });
  const answers = [
    asked('Pet of Mira?', 'unknown', 'A dog.', 'unknown'),
    asked('Pet of Kira?', 'known', 'An owl.', 'unknown'),
    asked('Pet of Tor?', 'unknown', 'A cat.'),
  ];
  const shown = (filter: Parameters<typeof listed>[1]['filter'], query = ''): string[] =>
    listed(answers, { filter, query }).flatMap((group) =>
      group.answers.map(({ question }) => `${group.kind}: ${question}`),
    );

  it('are listed by kind, the known first, each in the order in which it was asked', () => {
    expect(shown('all')).toEqual([
      'known: Pet of Kira?',
      'unknown: Pet of Mira?',
      'unknown: Pet of Tor?',
    ]);
    expect(shown('refused')).toEqual([]);
    expect(shown('changed')).toEqual(['known: Pet of Kira?']);
    expect(filterCounts(answers)).toEqual({
      ...{ all: 3, known: 1, unknown: 2, inconsistent: 0, refused: 0, changed: 1 },
    });
  });

  it('are found by their words, those of drawn answers too', () => {
    expect(shown('all', ' tor?')).toEqual(['unknown: Pet of Tor?']);
    expect(shown('unknown', 'CAT')).toEqual(['unknown: Pet of Tor?']);
    expect(shown('all', 'newt')).toHaveLength(3);
    expect(shown('all', 'lynx')).toEqual([]);
  });
});
