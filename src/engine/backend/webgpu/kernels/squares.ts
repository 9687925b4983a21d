/**
 * Sums of the squares of several tensors of one size. A number of workgroups takes each tensor, each
 * a stretch of it, four elements a lane at a time, and leaves one partial sum. Bound by bytes: every
 * element is read once and nothing of its size is written. Always in the same order: equal runs give
 * equal bits.
 */
import { kernel, LANES, spread, GROUP } from '../kernel';
import type { Sized } from '../kernel';
import { PART_ALIGNMENT } from '../lowering';
import { overLanes } from './reduce';

/** Tensors that one dispatch reads: with the sums, as many buffers as every device has. */
export const MOST_TENSORS = 7;

/** Partial sums of a tensor: few where it is small, and enough to occupy a large GPU where not. */
const partialsOf = (size: number): number =>
  size > 2 ** 22 ? 512 : size > 2 ** 18 ? 128 : size > 2 ** 14 ? 64 : 8;

export interface Squares extends Sized {
  /** Partial sums, zeros included: as many that a part of a tensor can begin behind them. */
  readonly sums: number;
}

/** x0, x1, ... [size] -> [sums]. */
export function squares(size: number, tensors: number): Squares {
  const partials = partialsOf(size);
  const sums = Math.ceil((tensors * partials) / PART_ALIGNMENT) * PART_ALIGNMENT;
  const wide = size % 4 === 0;
  const [type, count] = wide ? ['vec4f', size / 4] : ['f32', size];
  const span = Math.ceil(count / partials);
  const names = Array.from({ length: tensors }, (_, i) => `x${i}`);
  const cases = names.map(
    (name, i) => `case ${i}u: {
      for (var k = first + lane; k < last; k += ${LANES}u) { let x = ${name}[k]; own += ${wide ? 'dot(x, x)' : 'x * x'}; }
    }`,
  );
  return {
    kernel: kernel({
      name: `squares [${size}] of ${tensors}`,
      reads: names.map((name) => [name, type] as const),
      writes: ['y'],
      declarations: `var<workgroup> partial: array<f32, ${LANES}>;`,
      body: `let number = ${GROUP};
  if (number >= ${sums}u) { return; }
  let first = number % ${partials}u * ${span}u;
  let last = min(first + ${span}u, ${count}u);
  var own = 0.0;
  switch number / ${partials}u {
    ${cases.join('\n    ')}
    default: {}
  }
  partial[lane] = own;
  ${overLanes('sum', 'partial')}
  if (lane == 0u) { y[number] = partial[0]; }`,
    }),
    workgroups: spread(sums),
    sums,
  };
}
