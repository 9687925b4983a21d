/**
 * Sums and maxima. The tensor is seen as [outer, reduced, inner]; over the last axis a workgroup adds up
 * one row, with its lanes side by side in memory; over others each lane adds up one column, so that
 * neighbours read neighbours. Bound by bytes, where there are rows or columns enough to occupy the GPU;
 * few long ones are cut into parts, whose results are then reduced. Always in the same order: equal runs give equal bits.
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

/** What is reduced: the middle axis of [outer, reduced, inner]. */
export interface Reduced {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

/** Into how many parts the middle axis is to be cut, each reduced by itself, to occupy a large GPU. */
export function partsOf({ outer, reduced, inner }: Reduced): number {
  const [ways, most] =
    inner === 1
      ? [512 / outer, reduced / (8 * LANES)]
      : [65536 / (outer * inner), reduced < 64 ? 1 : Math.sqrt(reduced)];
  return Math.max(1, Math.floor(Math.min(ways, most)));
}

/** x [outer, reduced, inner] -> y [outer, parts, inner]. */
export function reduce(
  reduction: Reduction,
  { outer, reduced, inner }: Reduced,
  parts: number,
): Sized {
  const { from, join } = STEP[reduction];
  const name = `${reduction} [${outer}, ${reduced}, ${inner}]${parts > 1 ? ` in ${parts}` : ''}`;
  const span = Math.ceil(reduced / parts);
  if (inner === 1) {
    return {
      kernel: kernel({
        name,
        reads: ['x'],
        writes: ['y'],
        declarations: `var<workgroup> partial: array<f32, ${LANES}>;`,
        body: `let number = ${GROUP};
  if (number >= ${outer * parts}u) { return; }
  let start = number / ${parts}u * ${reduced}u;
  let first = number % ${parts}u * ${span}u;
  var own = ${from};
  for (var k = first + lane; k < min(first + ${span}u, ${reduced}u); k += ${LANES}u) { own = ${join('own', 'x[start + k]')}; }
  partial[lane] = own;
  ${overLanes(reduction, 'partial')}
  if (lane == 0u) { y[number] = partial[0]; }`,
      }),
      workgroups: spread(outer * parts),
    };
  }
  const size = outer * parts * inner;
  return {
    kernel: kernel({
      name,
      reads: ['x'],
      writes: ['y'],
      body: `${eachElement(size, LANES)}
  let start = i / ${parts * inner}u * ${reduced * inner}u + i % ${inner}u;
  let first = i / ${inner}u % ${parts}u * ${span}u;
  var own = ${from};
  for (var k = first; k < min(first + ${span}u, ${reduced}u); k++) { own = ${join('own', `x[start + k * ${inner}u]`)}; }
  y[i] = own;`,
    }),
    workgroups: spread(Math.ceil(size / LANES)),
  };
}
