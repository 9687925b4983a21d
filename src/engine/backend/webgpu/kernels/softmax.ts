/**
 * Softmax and its logarithm over the last axis: a workgroup for each row, which is read twice (its
 * maximum and sum, kept together as they go: Milakov and Gimelshein, "Online normalizer calculation
 * for softmax", 2018; then the result). Bound by bytes.
 */
import { GROUP, kernel, LANES, spread } from '../kernel';
import type { Sized } from '../kernel';

/** WGSL: the pair (maximum, sum of exp(x - maximum)) of two parts of a row, in one. */
export const JOIN_SUMS = `fn joined(a: vec2f, b: vec2f) -> vec2f {
  let highest = max(a.x, b.x);
  return vec2f(highest, a.y * exp(a.x - highest) + b.y * exp(b.x - highest));
}`;
/** The pair of no element at all. */
export const NO_SUM = 'vec2f(-3.4028234663852886e38, 0.0)';

export function softmax(rows: number, width: number, logarithm: boolean): Sized {
  const result = logarithm
    ? 'x[row + k] - total.x - log(total.y)'
    : 'exp(x[row + k] - total.x) / total.y';
  return {
    kernel: kernel({
      name: `${logarithm ? 'logSoftmax' : 'softmax'} [${rows}, ${width}]`,
      reads: ['x'],
      writes: ['y'],
      declarations: `${JOIN_SUMS}
var<workgroup> partial: array<vec2f, ${LANES}>;`,
      body: `let number = ${GROUP};
  if (number >= ${rows}u) { return; }
  let row = number * ${width}u;
  var own = ${NO_SUM};
  for (var k = lane; k < ${width}u; k += ${LANES}u) { own = joined(own, vec2f(x[row + k], 1.0)); }
  partial[lane] = own;
  for (var span = ${LANES / 2}u; span > 0u; span >>= 1u) {
    workgroupBarrier();
    if (lane < span) { partial[lane] = joined(partial[lane], partial[lane + span]); }
  }
  workgroupBarrier();
  let total = partial[0];
  for (var k = lane; k < ${width}u; k += ${LANES}u) { y[row + k] = ${result}; }`,
    }),
    workgroups: spread(rows),
  };
}
