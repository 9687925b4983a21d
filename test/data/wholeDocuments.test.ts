import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusInMemory, evaluationRows, wholeDocuments } from '../../src/engine/data/data';
import type { Batch, TokenCorpus } from '../../src/engine/data/data';

/** Documents of the given lengths, every token's id its place, and a mask of chance. */
const corpusArbitrary = fc
  .array(fc.record({ length: fc.integer({ min: 0, max: 12 }), bits: fc.nat() }), { minLength: 1 })
  .map((documents) => {
    const starts: number[] = [];
    const mask: number[] = [];
    for (const { length, bits } of documents) {
      starts.push(mask.length);
      for (let i = 0; i < length; i++) mask.push((bits >> i) & 1);
    }
    const tokens = Int32Array.from(mask, (_, i) => i);
    return corpusInMemory(tokens, {
      vocab: tokens.length + 1,
      bytes: tokens.length,
      documents: Float64Array.from(starts),
      mask: Uint8Array.from(mask),
    });
  });

/** The places that a document's row has room for and that are to be learnt. */
function wanted(corpus: TokenCorpus, context: number): number[] {
  const starts = corpus.documents();
  const found: number[] = [];
  for (const [i, start] of starts.entries()) {
    const end = Math.min(starts[i + 1] ?? corpus.length, start + context + 1);
    const mask = corpus.readMask(start, end - start) ?? new Uint8Array();
    for (let at = start + 1; at < end; at++) if (mask[at - start] === 1) found.push(at);
  }
  return found;
}

const learnt = ({ targets, weights }: Batch): number[] =>
  [...targets].filter((_, i) => weights[i] === 1);
const sorted = (values: number[]): number[] => values.sort((a, b) => a - b);

describe('whole documents', () => {
  it('learn every token of the mask once an epoch, each from its own document alone', () => {
    fc.assert(
      fc.property(
        corpusArbitrary,
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        (corpus, context, seed) => {
          const all = wanted(corpus, context);
          fc.pre(all.length > 0);
          const source = wholeDocuments(corpus, { batch: 1, context, seed });
          const epoch = Array.from({ length: source.rows }, (_, i) => source.batchAt(i));
          expect(sorted(epoch.flatMap(learnt))).toEqual(all);
          const measured = evaluationRows(corpus, { batch: 2, context });
          const rows = Array.from({ length: measured.batches }, (_, i) => measured.batchAt(i));
          expect(sorted(rows.flatMap(learnt))).toEqual(all);
          expect(rows.reduce((sum, { predicted }) => sum + predicted, 0)).toBe(all.length);
          const starts = corpus.documents();
          for (const { tokens, targets, weights, segments, positions } of epoch) {
            for (let i = 0; i < context; i++) {
              if (weights[i] === 0) continue;
              expect(targets[i]).toBe(tokens[i]! + 1);
              // The position says where the document begins, and all back to there is one segment.
              const first = i - positions[i]!;
              expect([...starts]).toContain(tokens[first]!);
              expect(new Set(segments.subarray(first, i + 1)).size).toBe(1);
              if (first > 0) expect(segments[first - 1]).not.toBe(segments[first]);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('fill rows well, and tell what is cut', () => {
    const lengths = [5, 5, 9, 3, 7, 30];
    const mask = Uint8Array.from({ length: 59 }, () => 1);
    const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, each) => sum + each, 0));
    const corpus = corpusInMemory(new Int32Array(59), {
      vocab: 1,
      documents: Float64Array.from(starts),
      mask,
    });
    const { rows, cut, documents } = wholeDocuments(corpus, { batch: 1, context: 8, seed: 1 });
    expect({ rows, cut, documents }).toEqual({ rows: 4, cut: 1, documents: 6 });
    const none = corpusInMemory(new Int32Array(9), { vocab: 1, mask: new Uint8Array(9) });
    expect(() => wholeDocuments(none, { batch: 1, context: 8, seed: 1 })).toThrow(/to be learnt/);
  });
});
