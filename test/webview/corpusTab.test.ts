/** The corpus's tab without a page: axes of histograms, and a sample judged under changed thresholds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SampledDocument } from '../../src/protocol/corpusMessages';
import { corpusRecipe } from '../../src/recipe/corpus';
import { settingsOf } from '../../src/recipe/judging';
import { difference, estimated, judgeAll } from '../../webview/corpus/judged';
import { measuresOf } from '../../webview/corpus/measures';
import { scaleOf, type Limit } from '../../webview/corpus/scale';

const amount = fc.oneof(fc.nat({ max: 200_000 }), fc.double({ min: 0, max: 1e5, noNaN: true }));
const limit: fc.Arbitrary<Limit> = fc.record({
  threshold: fc.oneof(fc.nat({ max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true })),
  drops: fc.constantFrom('above' as const, 'below' as const),
});

describe('the axis of a measured value', () => {
  const axis = fc.tuple(
    fc.array(amount, { maxLength: 50 }),
    fc.array(limit, { minLength: 1, maxLength: 2 }),
  );

  it('has a bar for every value, in order, and a place for every threshold', () => {
    fc.assert(
      fc.property(axis, ([values, limits]) => {
        const scale = scaleOf(values, limits, false);
        const bins = [...values].sort((a, b) => a - b).map(scale.binOf);
        for (const [i, bin] of bins.entries()) {
          expect(bin).toBeGreaterThanOrEqual(bins[i - 1] ?? 0);
          expect(bin).toBeLessThan(scale.bins);
        }
        for (const { threshold, drops } of limits) {
          const place = scale.placeOf(threshold, drops);
          expect(place).toBeGreaterThanOrEqual(0);
          expect(place).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('lets a threshold be moved to both of its ends by keys, each step another value', () => {
    fc.assert(
      fc.property(axis, ([values, limits]) => {
        const scale = scaleOf(values, limits, false);
        for (const { threshold, drops } of limits)
          for (const [way, end] of [
            [1, scale.most],
            [-1, scale.least],
          ] as const) {
            let at = threshold;
            for (;;) {
              const next = scale.moved(at, drops, way);
              if (next === at) break;
              expect(Math.sign(next - at)).toBe(way);
              at = next;
            }
            expect(Math.abs(at - end)).toBeLessThanOrEqual(0.06 * (scale.most - scale.least));
          }
      }),
      { numRuns: 50 },
    );
  });

  it('stands between two whole numbers where there is a bar for each', () => {
    const scale = scaleOf([0, 1, 2, 5, 8], [{ threshold: 2, drops: 'below' }], false);
    expect(scale.bins).toBe(11);
    const line = scale.placeOf(2, 'below') * scale.bins;
    expect(line).toBeGreaterThan(scale.binOf(1));
    expect(line).toBeCloseTo(scale.binOf(2));
    expect(scale.thresholdAt(scale.placeOf(4, 'below'), 'below')).toBe(4);
  });

  it('shows fifty words beside a hundred thousand', () => {
    const limits = [
      { threshold: 50, drops: 'below' as const },
      { threshold: 100_000, drops: 'above' as const },
    ];
    const scale = scaleOf([3, 200, 900], limits, false);
    expect(scale.logarithmic).toBe(true);
    expect(scale.placeOf(50, 'below')).toBeGreaterThan(0.15);
    expect(scale.thresholdAt(scale.placeOf(50, 'below'), 'below')).toBe(50);
  });
});

const sampled = (
  id: number,
  words: number,
  more: Partial<SampledDocument> = {},
): SampledDocument => ({
  ...{ shard: 'kept-00000.jsonl', line: id + 1, id: `0-${id}`, start: '', tokens: 10 * words },
  ...{ values: { gopherQuality: { words } }, reasons: {}, crossings: {} },
  ...more,
});

describe('a sample', () => {
  const documents = [
    sampled(0, 100),
    sampled(1, 40),
    sampled(2, 45, { copy: { stage: 'exactDuplicates', reason: 'copy' } }),
    sampled(3, 200, { reasons: { url: 'hardWord' } }),
    sampled(4, 0, { values: { url: { softWords: 3 } }, end: 'url' }),
  ];
  const thresholds = settingsOf(corpusRecipe.defaults());

  it('is judged stage by stage, and what each leaves adds up', () => {
    const judged = judgeAll(documents, thresholds);
    expect(judged.kept).toEqual({ documents: 1, tokens: 1000 });
    expect(judged.dropped).toEqual({
      'gopherQuality.minWords': 2,
      'url.hardWord': 1,
      'url.maxSoftWords': 1,
    });
    expect(judged.funnel['url']?.documents).toBe(3);
    expect(judged.funnel['nearDuplicates']).toEqual(judged.kept);
  });

  it('tells whom other thresholds let in or throw out, and of whom nothing is known', () => {
    const before = judgeAll(documents, thresholds);
    const looser = judgeAll(documents, { ...thresholds, 'gopherQuality.minWords': 30 });
    const { letIn, thrownOut } = difference(documents, before, looser);
    expect(letIn.map(({ document }) => document.id)).toEqual(['0-1']);
    expect(thrownOut).toEqual([]);
    expect(looser.dropped['exactDuplicates.copy']).toBe(1);
    const stricter = judgeAll(documents, { ...thresholds, 'gopherQuality.minWords': 101 });
    expect(difference(documents, before, stricter).thrownOut).toEqual([
      { document: documents[0], verdict: { stage: 'gopherQuality', reason: 'minWords' } },
    ]);
    expect(judgeAll(documents, { ...thresholds, 'url.maxSoftWords': 9 }).unknown).toBe(1);
  });

  it('stands for the corpus, of which no less than nothing is left', () => {
    expect(estimated(500, 20, 30, 25)).toBe(750);
    expect(estimated(500, 20, 20, 25)).toBe(500);
    expect(estimated(10, 20, 0, 25)).toBe(0);
  });

  it('has a histogram of each value that was measured, with its rules', () => {
    const measures = measuresOf(documents, thresholds);
    expect(measures.map(({ stage, name }) => `${stage}.${name}`)).toEqual([
      'url.softWords',
      'gopherQuality.words',
    ]);
    expect(measures[1]?.rules.map(({ key }) => key)).toEqual([
      'gopherQuality.minWords',
      'gopherQuality.maxWords',
    ]);
    expect(measures[1]?.bins.at(-1)).toBeUndefined();
  });
});
