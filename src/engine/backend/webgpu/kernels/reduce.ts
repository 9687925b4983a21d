/**
 * Sums and maxima. The tensor is seen as [outer, reduced, inner]; over the last axis a workgroup adds up
 * one row, with its lanes side by side in memory; over others each lane adds up one column, so that
 * neighbours read neighbours. Bound by bytes, except for few long columns, which are cut into parts and
 * reduced twice. Always in the same order: equal runs give equal bits.
 */
import { kernel, LANES, spread, GROUP } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement } from './indexing';

export type Reduction = 'sum' | 'max';

/** The start of a reduction and its step, as WGSL. */
const STEP = {
  sum: { from: '0.0', join: (a: string, b: string) => `${a} + ${b}` },
  max: { from: '-3.4028234663852886e38', join: (a: string, b: string) => `max(${a}, ${b})` },
} as const;

/** WGSL that reduces `partial`, one number of each lane, over the workgroup, in the same order always. */
export function overLanes(reduction: Reduction, array: string, lanes = LANES): string {
  const { join } = STEP[reduction];
  return `for (var span = ${lanes / 2}u; span > 0u; span >>= 1u) {
    workgroupBarrier();
    if (lane < span) { ${array}[lane] = ${join(`${array}[lane]`, `${array}[lane + span]`)}; }
  }
  workgroupBarrier();`;
}

/** x [outer, reduced, inner] -> y [outer, inner]. */
export function reduce(reduction: Reduction, outer: number, reduced: number, inner: number): Sized {
  const { from, join } = STEP[reduction];
  const name = `${reduction} [${outer}, ${reduced}, ${inner}]`;
  if (inner === 1) {
    return {
      kernel: kernel({
        name,
        reads: ['x'],
        writes: ['y'],
        declarations: `var<workgroup> partial: array<f32, ${LANES}>;`,
        body: `let row = ${GROUP};
  if (row >= ${outer}u) { return; }
  var own = ${from};
  for (var k = lane; k < ${reduced}u; k += ${LANES}u) { own = ${join('own', `x[row * ${reduced}u + k]`)}; }
  partial[lane] = own;
  ${overLanes(reduction, 'partial')}
  if (lane == 0u) { y[row] = partial[0]; }`,
      }),
      workgroups: spread(outer),
    };
  }
  const size = outer * inner;
  return {
    kernel: kernel({
      name,
      reads: ['x'],
      writes: ['y'],
      body: `${eachElement(size, LANES)}
  let start = i / ${inner}u * ${reduced * inner}u + i % ${inner}u;
  var own = ${from};
  for (var k = 0u; k < ${reduced}u; k++) { own = ${join('own', `x[start + k * ${inner}u]`)}; }
  y[i] = own;`,
    }),
    workgroups: spread(Math.ceil(size / LANES)),
  };
}
