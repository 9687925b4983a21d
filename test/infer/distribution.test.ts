/** What a model thinks of the next token, against plain formulas in float64. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { distributionOf, largest } from '../../src/engine/infer/distribution';
import { exponential } from '../../src/engine/infer/exponential';

it('takes exponentials as Math.exp does, to a trillionth', () => {
  fc.assert(
    fc.property(fc.double({ min: -700, max: 0, noNaN: true }), (x) => {
      const exact = Math.exp(x);
      expect(Math.abs(exponential(x) - exact)).toBeLessThanOrEqual(1e-12 * exact);
    }),
    { numRuns: 2000, examples: [[0], [-0], [-700], [-Math.LN2 / 64], [-Math.LN2], [-1e-300]] },
  );
});

it.each([
  [-701, 0],
  [-1e300, 0],
  [-Infinity, 0],
  [NaN, NaN],
])('takes e^%f as %f', (x, expected) => {
  expect(exponential(x)).toBe(expected);
});

const logits = fc
  .array(fc.oneof(fc.float({ min: -60, max: 60, noNaN: true }), fc.constant(-Infinity)), {
    minLength: 1,
    maxLength: 200,
  })
  .filter((all) => all.some(Number.isFinite))
  .map((all) => Float32Array.from(all));

it('gives the logarithm of the sum and the entropy', () => {
  fc.assert(
    fc.property(logits, (all) => {
      const highest = Math.max(...all);
      const shares = Array.from(all, (logit) => Math.exp(logit - highest));
      const sum = shares.reduce((total, share) => total + share, 0);
      const entropy = shares.reduce(
        (total, share) => total - (share > 0 ? (share / sum) * Math.log(share / sum) : 0),
        0,
      );
      const found = distributionOf(all);
      expect(found.logSumExp).toBeCloseTo(highest + Math.log(sum), 10);
      expect(found.entropy).toBeCloseTo(entropy, 10);
    }),
  );
});

it('finds the largest, of equals the first, however many are asked for', () => {
  fc.assert(
    fc.property(logits, fc.integer({ min: 0, max: 5 }), (all, count) => {
      const order = Array.from(all.keys()).sort((a, b) => {
        if (all[a] === all[b]) return a - b;
        return all[a]! > all[b]! ? -1 : 1;
      });
      expect([...largest(all, count)]).toEqual(order.slice(0, count));
    }),
  );
});
