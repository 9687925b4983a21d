/**
 * A small matrix product, one number of the result a lane: where there is so little to compute that
 * staging would only add barriers. Bound by the time to get to memory and back.
 */
import { sizeOf } from '../../../graph/graph';
import { kernel, LANES, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { eachElement, positionOf } from './indexing';
import type { Product } from './matmul';
import { epilogue } from './matmulOperand';

/** Reads a, b and what the epilogue reads, writes y. */
export function matmulPlain(product: Product): {
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
} {
  const { rows, columns, inner, transposeA, transposeB, batch, batchA, batchB } = product;
  const size = sizeOf(batch) * rows * columns;
  const { reads, result } = epilogue(product, 'f32');
  const [aRow, aInner] = transposeA ? [1, rows] : [inner, 1];
  const [bInner, bColumn] = transposeB ? [1, inner] : [columns, 1];
  return {
    kernel: kernel({
      name: `matmul plain [${[...batch, rows, inner, columns].join(', ')}]`,
      reads: ['a', 'b', ...reads],
      writes: ['y'],
      body: `${eachElement(size, LANES)}
  let matrix = i / ${rows * columns}u;
  let column = i % ${columns}u;
  let aStart = (${positionOf(batch, batchA, 'matrix')}) * ${rows * inner}u + i / ${columns}u % ${rows}u * ${aRow}u;
  let bStart = (${positionOf(batch, batchB, 'matrix')}) * ${inner * columns}u + column * ${bColumn}u;
  var sum = 0.0;
  for (var k = 0u; k < ${inner}u; k++) {
    sum += a[aStart + k * ${aInner}u] * b[bStart + k * ${bInner}u];
  }
  y[i] = ${result('sum', 'i', 'column')};`,
    }),
    workgroups: spread(Math.ceil(size / LANES)),
  };
}
