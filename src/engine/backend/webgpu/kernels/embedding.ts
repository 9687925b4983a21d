/**
 * The rows of a table by their ids: four numbers a lane where the width allows. Bound by bytes. An id
 * outside the table reads its last row.
 */
import { kernel, LANES, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { eachElement } from './indexing';

/** table [rows, width], ids [tokens] -> [tokens, width]. */
export function embedding(
  rows: number,
  width: number,
  tokens: number,
): { readonly kernel: Kernel; readonly workgroups: readonly [number, number, number] } {
  const wide = width % 4 === 0;
  const type = wide ? 'vec4<f32>' : 'f32';
  const across = wide ? width / 4 : width;
  return {
    kernel: kernel({
      name: `embedding [${rows}, ${width}] by [${tokens}]`,
      reads: [
        ['table', type],
        ['ids', 'i32'],
      ],
      writes: [['y', type]],
      body: `${eachElement(tokens * across, LANES)}
  let row = min(u32(ids[i / ${across}u]), ${rows - 1}u);
  y[i] = table[row * ${across}u + i % ${across}u];`,
    }),
    workgroups: spread(Math.ceil((tokens * across) / LANES)),
  };
}
