import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchIndex,
  corpusInMemory,
  evaluationWindows,
  packedDocuments,
  randomWindows,
  type Batch,
  type TokenCorpus,
} from '../../src/engine/data/data';

/** Token i of the corpus is i: what a batch holds tells where it is from. */
function counting(length: number, documents: readonly number[] = [0]): TokenCorpus {
  return corpusInMemory(
    Int32Array.from({ length }, (_, i) => i),
    {
      vocab: length,
      bytes: 3 * length,
      documents: Float64Array.from(documents),
    },
  );
}

/** A corpus of at least `context + 1` tokens in documents of at least one. */
const corpora = fc
  .record({
    lengths: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 }),
    context: fc.integer({ min: 1, max: 24 }),
    batch: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(),
  })
  .map(({ lengths, ...rest }) => {
    const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
    const length = lengths.reduce((a, b) => a + b, 0);
    return { ...rest, starts, length, corpus: counting(length, starts) };
  });

const longEnough = corpora.filter(({ length, context }) => length > context);

function rowsOf(
  batch: Batch,
): Record<'tokens' | 'targets' | 'weights' | 'segments' | 'positions', number[]>[] {
  return Array.from({ length: batch.batch }, (_, row) => {
    const part = (array: Int32Array | Float32Array): number[] => [
      ...array.subarray(row * batch.context, (row + 1) * batch.context),
    ];
    return {
      tokens: part(batch.tokens),
      targets: part(batch.targets),
      weights: part(batch.weights),
      segments: part(batch.segments),
      positions: part(batch.positions),
    };
  });
}

const range = (length: number, start = 0): number[] => Array.from({ length }, (_, i) => start + i);

describe('randomWindows', () => {
  it('are windows of the corpus with the token after each as its target', () => {
    fc.assert(
      fc.property(longEnough, fc.nat(1000), ({ corpus, batch, context, seed }, index) => {
        for (const row of rowsOf(randomWindows(corpus, { batch, context, seed }).batchAt(index))) {
          const start = row.tokens[0]!;
          expect(row.tokens).toEqual(range(context, start));
          expect(row.targets).toEqual(range(context, start + 1));
          expect(start + context).toBeLessThan(corpus.length);
          expect(row.weights).toEqual(Array(context).fill(1));
          expect(row.segments).toEqual(Array(context).fill(0));
          expect(row.positions).toEqual(range(context));
        }
      }),
    );
  });

  it('are the same for the same seed and number, in whatever order they are asked for', () => {
    const corpus = counting(5000);
    const options = { batch: 3, context: 16, seed: 42 };
    const forwards = [0, 1, 2, 3].map((i) => randomWindows(corpus, options).batchAt(i));
    const source = randomWindows(corpus, options);
    const backwards = [3, 2, 1, 0].map((i) => source.batchAt(i)).reverse();
    expect(backwards).toEqual(forwards);
  });

  it('draw every start about as often, and other ones for other numbers and seeds', () => {
    const context = 8;
    const corpus = counting(context + 10);
    const counts = new Map<number, number>();
    for (const seed of [1, 2, 2 ** 32 + 1]) {
      const source = randomWindows(corpus, { batch: 10, context, seed });
      for (let index = 0; index < 200; index++)
        for (const { tokens } of rowsOf(source.batchAt(index)))
          counts.set(tokens[0]!, (counts.get(tokens[0]!) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(range(10));
    // 6,000 draws: 600 each, with a standard deviation of 23.
    for (const count of counts.values()) expect(Math.abs(count - 600)).toBeLessThan(120);

    const firsts = (seed: number, index: number): string => {
      const source = randomWindows(counting(1e5), { batch: 4, context: 1, seed });
      return rowsOf(source.batchAt(index))
        .map(({ tokens }) => tokens[0]!)
        .join();
    };
    const drawn = [0, 1, 2, 2 ** 32, 2 ** 40].flatMap((index) =>
      [0, 1, 2].map((seed) => firsts(seed, index)),
    );
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  it('refuse a corpus shorter than a window, and say what would fit', () => {
    expect(() => randomWindows(counting(64), { batch: 1, context: 64, seed: 1 })).toThrow(
      expect.objectContaining({
        code: 'corpus-too-short',
        message: 'The text has 64 tokens, and one window of context 64 takes 65.',
        remedy: expect.stringContaining('63') as string,
      }),
    );
    expect(() => randomWindows(counting(65), { batch: 1, context: 64, seed: 1 })).not.toThrow();
  });
});

describe('packedDocuments', () => {
  it('hold every token once an epoch, and predict all but the first of each document', () => {
    fc.assert(
      fc.property(longEnough, fc.nat(3), (given, epoch) => {
        const { corpus, context, seed, starts, length } = given;
        const source = packedDocuments(corpus, { batch: 1, context, seed });
        const seen: number[] = [];
        const predicted: number[] = [];
        for (let i = 0; i < source.rows; i++) {
          const batch = source.batchAt(epoch * source.rows + i);
          const [row] = rowsOf(batch);
          const first = row!.tokens[0]!;
          const real = Math.min(context, length - first);
          seen.push(...row!.tokens.slice(0, real));
          for (let k = 0; k < context; k++) {
            if (row!.weights[k] === 0) continue;
            expect(row!.targets[k]).toBe(row!.tokens[k]! + 1);
            predicted.push(row!.targets[k]!);
          }
        }
        expect(seen.sort((a, b) => a - b)).toEqual(range(length));
        const expected = range(length).filter((token) => !starts.includes(token));
        expect(predicted.sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  it('number the documents in a row, and count positions from the start of each', () => {
    fc.assert(
      fc.property(longEnough, fc.nat(100), ({ corpus, batch, context, seed, starts }, index) => {
        const source = packedDocuments(corpus, { batch, context, seed });
        for (const row of rowsOf(source.batchAt(index))) {
          const first = row.tokens[0]!;
          let segment = 0;
          let position = 0;
          for (let i = 0; i < context; i++) {
            if (i > 0 && (starts.includes(first + i) || first + i === corpus.length)) {
              segment++;
              position = 0;
            }
            expect(row.segments[i]).toBe(segment);
            expect(row.positions[i]).toBe(position++);
          }
        }
      }),
    );
  });

  it('come in another order each epoch, the same for the same seed', () => {
    const corpus = counting(1000);
    const order = (seed: number, epoch: number): string => {
      const source = packedDocuments(corpus, { batch: 1, context: 10, seed });
      return range(source.rows, epoch * source.rows)
        .map((index) => source.batchAt(index).tokens[0]!)
        .join();
    };
    expect(order(1, 0)).toBe(order(1, 0));
    expect(new Set([order(1, 0), order(1, 1), order(2, 0), order(2, 1)]).size).toBe(4);
  });

  it('take documents without tokens as not there', () => {
    const corpus = counting(6, [0, 3, 3, 3, 5]);
    const source = packedDocuments(corpus, { batch: 2, context: 4, seed: 1 });
    const rows = rowsOf(source.batchAt(0)).sort((a, b) => a.tokens[0]! - b.tokens[0]!);
    expect(rows.map(({ segments }) => segments)).toEqual([
      [0, 0, 0, 1],
      [0, 1, 2, 2],
    ]);
    expect(rows.map(({ weights }) => weights)).toEqual([
      [1, 1, 0, 1],
      [0, 0, 0, 0],
    ]);
  });
});

describe('evaluationWindows', () => {
  it('predict every token but the first once, and count its bytes', () => {
    fc.assert(
      fc.property(
        corpora.filter(({ length }) => length > 1),
        ({ corpus, batch, context, length }) => {
          const windows = evaluationWindows(corpus, { batch, context });
          const predicted: number[] = [];
          let count = 0;
          let bytes = 0;
          for (let i = 0; i < windows.batches; i++) {
            const measured = windows.batchAt(i);
            count += measured.predicted;
            bytes += measured.bytes;
            measured.weights.forEach((weight, k) => {
              if (weight === 1) predicted.push(measured.targets[k]!);
            });
          }
          expect(predicted).toEqual(range(length - 1, 1));
          expect(count).toBe(length - 1);
          expect(bytes).toBeCloseTo(3 * (length - 1), 6);
        },
      ),
    );
  });

  it('measure on so many windows only, spread over the corpus', () => {
    const windows = evaluationWindows(counting(1001), { batch: 2, context: 10, maxWindows: 4 });
    expect(windows).toMatchObject({ windows: 4, allWindows: 100, batches: 2 });
    const firsts = [0, 1].flatMap((i) => rowsOf(windows.batchAt(i)).map(({ tokens }) => tokens[0]));
    expect(firsts).toEqual([0, 250, 500, 750]);
  });

  it('keep documents apart where they are told to', () => {
    const windows = evaluationWindows(counting(10, [0, 4]), {
      batch: 1,
      context: 8,
      separateDocuments: true,
    });
    expect(windows.batches).toBe(2);
    const [row] = rowsOf(windows.batchAt(0));
    expect(row).toMatchObject({
      weights: [1, 1, 1, 0, 1, 1, 1, 1],
      segments: [0, 0, 0, 0, 1, 1, 1, 1],
      positions: [0, 1, 2, 3, 0, 1, 2, 3],
    });
    expect(windows.batchAt(0).predicted + windows.batchAt(1).predicted).toBe(8);
  });

  it('refuse a corpus with nothing to predict', () => {
    expect(() => evaluationWindows(counting(1), { batch: 1, context: 8 })).toThrow(
      expect.objectContaining({ code: 'corpus-too-short' }),
    );
  });
});

it('numbers the batches of accumulated steps one after the other', () => {
  const numbers = [0, 1].flatMap((step) => [0, 1, 2].map((micro) => batchIndex(step, micro, 3)));
  expect(numbers).toEqual(range(6));
});
