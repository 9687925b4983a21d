/** Sampling: transformers' processors as goldens, cases by hand, and what holds for any logits. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Rng } from '../../src/base/rng';
import {
  candidatesOf,
  distributionOf,
  draw,
  largest,
  likeliest,
  logprobOf,
  penalizeRepetition,
  rankOf,
  resolveSampling,
} from '../../src/engine/infer/infer';
import type { SamplingOptions } from '../../src/engine/infer/infer';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);
const ln = Math.log;

/** Probability of each id, 0 for those that were left out. */
function spread(logits: Float32Array, options: SamplingOptions): number[] {
  const { ids, probabilities } = candidatesOf(logits, resolveSampling(options));
  const all = Array.from(logits, () => 0);
  ids.forEach((id, at) => (all[id] = probabilities[at]!));
  return all;
}
const close = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, id) => {
    expect(value, `id ${id}`).toBeCloseTo(expected[id]!, 5);
  });
};

describe('filters', () => {
  // Probabilities 0.5, 0.3, 0.15, 0.05, not in order of ids.
  const logits = floats(ln(0.15), ln(0.5), ln(0.05), ln(0.3));

  it('leave everything as it is unless told otherwise', () => {
    close(spread(logits, {}), [0.15, 0.5, 0.05, 0.3]);
  });

  it('temperature raises probabilities to its inverse', () => {
    const squares = [0.15 ** 2, 0.5 ** 2, 0.05 ** 2, 0.3 ** 2];
    const total = squares.reduce((sum, each) => sum + each);
    close(
      spread(logits, { temperature: 0.5 }),
      squares.map((each) => each / total),
    );
  });

  it('temperature 0 leaves the likeliest, of equal ones the first', () => {
    expect(spread(logits, { temperature: 0 })).toEqual([0, 1, 0, 0]);
    expect(spread(floats(1, 2, 2), { temperature: 0, topK: 3 })).toEqual([0, 1, 0]);
  });

  it('top-k leaves k, and those equal to the k-th', () => {
    close(spread(logits, { topK: 2 }), [0, 0.625, 0, 0.375]);
    close(spread(floats(ln(2), 0, 0, ln(0.5)), { topK: 2 }), [0.5, 0.25, 0.25, 0]);
    close(spread(logits, { topK: 9 }), [0.15, 0.5, 0.05, 0.3]);
  });

  it('top-p leaves the fewest that reach it', () => {
    close(spread(logits, { topP: 0.79 }), [0, 0.625, 0, 0.375]);
    close(spread(logits, { topP: 0.81 }), [0.15 / 0.95, 0.5 / 0.95, 0, 0.3 / 0.95]);
    close(spread(logits, { topP: 0.01 }), [0, 1, 0, 0]);
  });

  it('min-p leaves those that are likely enough beside the likeliest', () => {
    close(spread(logits, { minP: 0.59 }), [0, 0.625, 0, 0.375]);
    close(spread(logits, { minP: 0.61 }), [0, 1, 0, 0]);
    close(spread(logits, { minP: 1 }), [0, 1, 0, 0]);
  });

  it('top-p counts what top-k has left', () => {
    // Of the two that are left, the first has 0.625.
    close(spread(logits, { topK: 2, topP: 0.62 }), [0, 1, 0, 0]);
    close(spread(logits, { topK: 2, topP: 0.63 }), [0, 0.625, 0, 0.375]);
  });

  it('the penalty makes what was seen less likely, on either side of 0', () => {
    const penalized = penalizeRepetition(floats(2, -2, 2, -2), [0, 1, 0], 2);
    expect([...penalized]).toEqual([1, -4, 2, -2]);
    const same = floats(1);
    expect(penalizeRepetition(same, [0], 1)).toBe(same);
  });

  it('never give a chance to what is impossible', () => {
    const some = floats(-Infinity, 0, -Infinity, -Infinity);
    for (const options of [{}, { topK: 3 }, { topP: 0.9 }, { minP: 0.1 }]) {
      expect(spread(some, options)).toEqual([0, 1, 0, 0]);
    }
  });

  it('refuse what makes no sense, by name', () => {
    for (const [name, value] of Object.entries({
      temperature: -1,
      topK: 1.5,
      topP: 0,
      minP: 2,
      repetitionPenalty: 0,
    })) {
      expect(() => resolveSampling({ [name]: value })).toThrow(name);
      expect(() => resolveSampling({ [name]: NaN })).toThrow(name);
    }
  });
});

describe('goldens of transformers', () => {
  const caseSchema = z.object({
    logits: z.array(z.number()),
    seen: z.array(z.int()),
    options: z.object({
      temperature: z.number(),
      topK: z.int(),
      topP: z.number(),
      minP: z.number(),
      repetitionPenalty: z.number(),
    }),
    probabilities: z.array(z.number()),
  });
  const file = path.join(import.meta.dirname, '..', 'goldens', 'sampling.json');
  const cases = z.array(caseSchema).parse(JSON.parse(readFileSync(file, 'utf8')));

  it.each(cases.map((each) => [JSON.stringify(each.options), each] as const))('%s', (_, each) => {
    const penalty = each.options.repetitionPenalty;
    const logits = penalizeRepetition(Float32Array.from(each.logits), each.seen, penalty);
    // Which of several equal logits at a border stays is anyone's choice: compare by logit.
    const byLogit = (probabilities: readonly number[]): number[] =>
      [...logits.keys()]
        .sort((a, b) => logits[a]! - logits[b]! || probabilities[a]! - probabilities[b]!)
        .map((id) => probabilities[id]!);
    close(byLogit(spread(logits, each.options)), byLogit(each.probabilities));
  });
});

describe('for any logits', () => {
  const logitsArbitrary = fc
    .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 300 })
    .map((values) => Float32Array.from(values));
  const optionsArbitrary = fc.record({
    temperature: fc.double({ min: 0.1, max: 3, noNaN: true }),
    topK: fc.integer({ min: 0, max: 320 }),
    topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
    minP: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('what is left are the likeliest, with the ratios that the temperature says', () => {
    fc.assert(
      fc.property(logitsArbitrary, optionsArbitrary, (logits, options) => {
        const { ids, probabilities } = candidatesOf(logits, resolveSampling(options));
        expect(ids.length).toBeGreaterThan(0);
        expect(probabilities.reduce((sum, each) => sum + each)).toBeCloseTo(1, 9);
        const left = new Set(ids);
        expect(left.size).toBe(ids.length);
        const worst = Math.min(...Array.from(ids, (id) => logits[id]!));
        const best = Math.max(...logits);
        logits.forEach((logit, id) => {
          if (!left.has(id)) expect(logit).toBeLessThanOrEqual(worst);
        });
        const of = (id: number): number => probabilities[ids.indexOf(id)]!;
        const top = ids.find((id) => logits[id] === best)!;
        for (const id of ids) {
          const ratio = Math.exp((logits[id]! - best) / options.temperature);
          expect(of(id) / of(top)).toBeCloseTo(ratio, 6);
          if (ids.length > 1) expect(ratio).toBeGreaterThanOrEqual(options.minP);
        }
        const all = spread(logits, { temperature: options.temperature });
        if (options.topK === 0 && options.minP === 0) {
          const reached = ids.reduce((sum, id) => sum + all[id]!, 0);
          expect(reached).toBeGreaterThanOrEqual(options.topP - 1e-9);
        }
      }),
    );
  });

  it('draws each as often as it is likely', () => {
    const logits = floats(ln(0.15), ln(0.5), ln(0.05), ln(0.3));
    const candidates = candidatesOf(logits, resolveSampling({}));
    const rng = new Rng(11);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[draw(candidates, rng)]!++;
    [0.15, 0.5, 0.05, 0.3].forEach((probability, id) => {
      expect(Math.abs(counts[id]! / 20_000 - probability)).toBeLessThan(0.015);
    });
  });

  it('the largest are those that sorting finds', () => {
    fc.assert(
      fc.property(logitsArbitrary, fc.integer({ min: 0, max: 320 }), (logits, count) => {
        const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
        expect([...largest(logits, count)]).toEqual(sorted.slice(0, count));
      }),
    );
  });

  it('the distribution is a distribution, and ranks are places in it', () => {
    fc.assert(
      fc.property(logitsArbitrary, (logits) => {
        const distribution = distributionOf(logits);
        const all = likeliest(distribution, logits.length);
        expect(all.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 9);
        const entropy = -all.reduce((sum, { logprob }) => sum + Math.exp(logprob) * logprob, 0);
        expect(distribution.entropy).toBeCloseTo(entropy, 6);
        all.forEach(({ id, logprob }, place) => {
          expect(rankOf(distribution, id)).toBe(place);
          expect(logprobOf(distribution, id)).toBe(logprob);
        });
      }),
    );
  });
});
