/**
 * Adds up the parts of a product whose inner axis was computed by several workgroups (matmulTile.ts),
 * always in the same order, and finishes it: scale, bias, residual. Bound by bytes, which the cache
 * mostly holds.
 */
import { sizeOf } from '../../../graph/graph';
import { kernel, LANES, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { eachElement } from './indexing';
import type { Product } from './matmul';
import { epilogue } from './matmulOperand';

/** Reads the parts [parts, ...the result] and what the epilogue reads, writes y. */
export function matmulParts(
  product: Product,
  parts: number,
): { readonly kernel: Kernel; readonly workgroups: readonly [number, number, number] } {
  const { rows, columns, batch } = product;
  const width = columns % 4 === 0 ? 4 : 1;
  const type = width === 4 ? 'vec4<f32>' : 'f32';
  const size = (sizeOf(batch) * rows * columns) / width;
  const { reads, result } = epilogue(product, type);
  return {
    kernel: kernel({
      name: `matmul parts [${parts}, ${size * width}]`,
      reads: [['partial', type], ...reads],
      writes: [['y', type]],
      body: `${eachElement(size, LANES)}
  var sum = partial[i];
  for (var part = 1u; part < ${parts}u; part++) { sum += partial[part * ${size}u + i]; }
  y[i] = ${result('sum', 'i', `i % ${columns / width}u`)};`,
    }),
    workgroups: spread(Math.ceil(size / LANES)),
  };
}
