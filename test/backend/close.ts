/** Comparison of arrays with a message that names the worst element. */
import { expect } from 'vitest';
import type { Numbers } from './sketch';

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** Every element within `absolute + relative * |expected|`; NaN is close to nothing. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  what: string,
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let worst = { excess: 1, message: '' };
  for (let i = 0; i < expected.length; i++) {
    const [got, wanted] = [actual[i]!, expected[i]!];
    if (got === wanted) continue;
    const allowed = tolerance.absolute + tolerance.relative * Math.abs(wanted);
    const ratio = Math.abs(got - wanted) / allowed;
    const excess = Number.isNaN(ratio) ? Infinity : ratio;
    if (excess > worst.excess) {
      worst = { excess, message: `${what}[${i}] is ${got}, not ${wanted} within ${allowed}` };
    }
  }
  expect(worst.message).toBe('');
}

/** The same names on both sides, and everything under them close. */
export function expectAllClose(actual: Numbers, expected: Numbers, tolerance: Tolerance): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, wanted] of Object.entries(expected)) {
    expectClose(actual[name]!, wanted, tolerance, name);
  }
}
