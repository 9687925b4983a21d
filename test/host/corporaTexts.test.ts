/** Corpora without VS Code: what is asked becomes a recipe, what was measured becomes words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { languagesIn, percentOf, ranked, recipeOf } from '../../src/host/corpora/corpusPlan';
import { measuredText, verdictText, type Translate } from '../../src/host/corpora/corpusTexts';
import { namedBy, partsOf } from '../../src/host/corpora/corpusUri';
import type { Explanation } from '../../src/protocol/corpusMessages';

const t: Translate = (message, ...values) =>
  message.replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)]));

const words = (value: number): Explanation['stages'][number] => ({
  stage: 'gopherQuality',
  values: [
    {
      measure: 'words',
      value,
      limits: [
        { setting: 'minWords', threshold: 50, drops: 'below', crossed: value < 50 },
        { setting: 'maxWords', threshold: 100_000, drops: 'above', crossed: false },
      ],
    },
    { measure: 'stopWords', value: 3.14159, limits: [] },
  ],
});
const document: Explanation['document'] = {
  ...{ id: '0-0', tokens: 7, text: 'Too short.', file: '/a.warc', offset: 12 },
  ...{ url: 'http://example.com/', language: 'en', languageScore: 0.98765 },
};
const explain = (drop?: Explanation['document']['drop'], value = 60): Explanation => ({
  ...{ document: { ...document, drop }, shard: 'kept-00000.jsonl', line: 1 },
  stages: [words(value)],
});

describe('the answers of a person', () => {
  it('become a recipe', () => {
    const plan = {
      name: 'web',
      sources: ['/a.warc'],
      languages: ['de'],
      format: 'parquet',
    } as const;
    const recipe = recipeOf(plan);
    expect(recipe).toMatchObject({ name: 'web', sources: ['/a.warc'] });
    expect(recipe.language.wanted).toEqual(['de']);
    expect(recipe.output.format).toBe('parquet');
    expect(recipe.gopherQuality.minWords).toBe(50);
  });

  it('name languages by their codes', () => {
    expect(languagesIn('en, DE;fr en')).toEqual(['en', 'de', 'fr']);
    expect(languagesIn('  ')).toEqual([]);
    expect(languagesIn('english')).toBeUndefined();
    expect(languagesIn('e1')).toBeUndefined();
  });
});

it('progress never goes back from phase to phase', () => {
  const at = (phase: 'filter' | 'duplicates' | 'write', done: number): number =>
    percentOf({
      ...{ kind: 'progress', phase, done, total: 10, documents: 0, kept: 0 },
      ...{ documentsPerSecond: 0, secondsLeft: null },
    });
  const all = (['filter', 'duplicates', 'write'] as const).flatMap((phase) =>
    [0, 5, 10].map((done) => at(phase, done)),
  );
  expect(all).toEqual([...all].sort((a, b) => a - b));
  expect([all[0], all.at(-1)]).toEqual([0, 100]);
});

it('reasons are ranked by how many documents they dropped', () => {
  expect(ranked({ 'a.x': 1, 'b.y': 3, 'a.w': 1 })).toEqual([
    ['b.y', 3],
    ['a.w', 1],
    ['a.x', 1],
  ]);
});

describe('a verdict', () => {
  it('says of what is kept what it is', () => {
    expect(verdictText(explain(), t)).toBe('Kept: 7 tokens, en (0.988)');
  });

  it('holds the value against the threshold that it crossed', () => {
    const drop = { stage: 'gopherQuality', reason: 'minWords', measured: 2, threshold: 50 };
    expect(verdictText(explain(drop, 2), t)).toBe(
      'Dropped by gopherQuality: words is 2, at least 50 is wanted',
    );
  });

  it('names what a copy is like, and a reason without a threshold', () => {
    const copy = { stage: 'exactDuplicates', reason: 'copy', of: '0-9' };
    expect(verdictText(explain(copy), t)).toBe('Dropped by exactDuplicates: like document 0-9');
    const binary = { stage: 'source', reason: 'binary' };
    expect(verdictText(explain(binary), t)).toBe('Dropped by source: binary');
  });
});

describe('the measured values', () => {
  it('stand against each of their thresholds, the crossed ones marked', () => {
    const text = measuredText(explain(undefined, 2), t);
    expect(text).toContain('| gopherQuality | words | **2** | at least 50 (minWords) |');
    expect(text).toContain('| gopherQuality | words | 2 | at most 100000 (maxWords) |');
    expect(text).toContain('| gopherQuality | stopWords | 3.14 |  |');
  });

  it('can hold no markup of the page', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (title) => {
        const { stages, shard, line } = explain();
        const text = measuredText({ document: { ...document, title }, stages, shard, line }, t);
        const shown = text.split('\n').find((each) => each.startsWith('- Title: ')) ?? '';
        expect(shown.slice(9)).toMatch(/^([\p{L}\p{N}]|&#\d+;)*$/u);
      }),
    );
  });

  it('can hold no markup of a corpus that somebody else has made', () => {
    const values = [{ measure: '![x](https://example.com/x.png)|\n# x', value: 1, limits: [] }];
    const text = measuredText({ ...explain(), stages: [{ stage: 'c4', values }] }, t);
    expect(text).not.toContain('example.com');
    expect(text.split('\n').at(-1)).toMatch(/^\| c4 \| &#33;&#91;x&#93;[^|]*x \| 1 \| {2}\|$/);
  });
});

describe('a document’s URI', () => {
  it('leads back to what it names, whatever the title', () => {
    const place = fc.record({ corpus: fc.string(), shard: fc.string(), line: fc.nat() });
    fc.assert(
      fc.property(place, fc.string({ unit: 'binary' }), (where, title) => {
        const named = { kind: 'document', ...where } as const;
        const { path, query } = partsOf(named, title);
        expect(namedBy(query)).toEqual(named);
        expect(path).toMatch(/^\/[^/\\?#]+\.txt$/);
      }),
    );
  });

  it('that was not made here names nothing', () => {
    for (const query of ['', '{', '1', '{"kind":"document","corpus":"a"}', '{"kind":"x"}'])
      expect(namedBy(query)).toBeUndefined();
  });
});
