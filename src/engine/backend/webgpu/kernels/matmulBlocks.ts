/**
 * A matrix product on the GPU's matrix units without workgroup memory: both operands are there as half
 * floats in blocks of the unit's shape (halfBlocks.ts), so that a subgroup's loads are whole lines of
 * the cache, and the subgroups of a workgroup, which have their parts of one tile, find there what the
 * others have read. No barriers: subgroups run ahead of each other. Sums go from the units to memory,
 * and a residual comes from there, without a lane in between.
 *
 * Bound by the cache: a subgroup's block of 64x64 takes 16 multiply-adds for each byte read, a tile of
 * 128x128 takes 32 for each byte from beyond the core's own cache. Where a subgroup's registers allow it,
 * the blocks of the next step are on their way while this one's are multiplied: 10% faster for 64x32, and
 * a third slower for 64x64.
 *
 * - What is rounded is each factor, once, on its way into the blocks; sums are f32.
 * - For results whose rows and columns are whole blocks, and no bias nor scale: the other tiles have lanes
 *   that see the numbers. Along the inner axis blocks are filled up with zeros.
 * - Tiles may reach beyond the result: such blocks are read at its edge, and not written.
 */
import { sizeOf } from '../../../graph/graph';
import { GROUP, kernel, spread } from '../kernel';
import type { Sized } from '../kernel';
import { blocksOf } from './halfBlocks';
import type { BlockShape } from './halfBlocks';
import { positionOf } from './indexing';
import { matrixBlock, tilesOf } from './matmul';
import type { BlocksPlan, MatrixUnit, Product } from './matmul';
import { operandsOf, placeOfTile } from './matmulOperand';

export const BLOCKS_KERNEL = 'matmul blocks';

export const leftBlock = ({ m, k }: MatrixUnit): BlockShape => ({ outer: m, inner: k });
export const rightBlock = ({ n, k }: MatrixUnit): BlockShape => ({ outer: n, inner: k });

/** Reads a and b in blocks, and the residual; writes y, or, of several parts, [parts, ...the result]. */
export function matmulBlocks(product: Product, plan: BlocksPlan): Sized {
  const { rows, columns, inner, batch, batchA, batchB } = product;
  if (product.scale !== 1 || product.bias) throw new RangeError('No lane sees the sums here.');
  const { tile, unit, parts, span, subgroupSize } = plan;
  const own = matrixBlock(tile);
  const tiles = tilesOf(product, tile);
  const { a, b } = operandsOf(product);
  const [left, right] = [blocksOf(a, leftBlock(unit)), blocksOf(b, rightBlock(unit))];
  const [aSize, bSize] = [unit.m * unit.k, unit.n * unit.k];
  const steps = Math.ceil(inner / unit.k);
  const down = Array.from({ length: own.down / unit.m }, (_, row) => row);
  const across = Array.from({ length: own.across / unit.n }, (_, column) => column);
  // A block of 64x64 has no registers to spare.
  const ahead = own.down * own.across < 64 * 64;
  const residual = parts === 1 && product.residual;
  const lines = (texts: readonly string[]): string => texts.join('\n');
  const place = (outer: string, size: number, count: number, cut: boolean): string =>
    cut ? `min(${outer} / ${size}u, ${count - 1}u)` : `${outer} / ${size}u`;
  const cutRows = rows % tile.down !== 0;
  const cutColumns = columns % tile.across !== 0;
  const load = (name: string, k: string): string =>
    lines([
      ...down.map(
        (row) =>
          `${name}a${row} = subgroupMatrixLoad<Left, row_major>(&a, a${row}At + ${k} * ${aSize}u, ${unit.k}u);`,
      ),
      ...across.map(
        (column) =>
          `${name}b${column} = subgroupMatrixLoad<Right, col_major>(&b, b${column}At + ${k} * ${bSize}u, ${unit.k}u);`,
      ),
    ]);
  const multiply = lines(
    down.flatMap((row) =>
      across.map(
        (column) =>
          `sum${row}_${column} = subgroupMatrixMultiplyAccumulate(a${row}, b${column}, sum${row}_${column});`,
      ),
    ),
  );
  /** `text` for each block of the result, where it lies within. */
  const eachSum = (text: (sum: string, at: string) => string): string =>
    lines(
      down.flatMap((row) =>
        across.map((column) => {
          const tests = [
            ...(cutRows ? [`row + ${row * unit.m}u < ${rows}u`] : []),
            ...(cutColumns ? [`column + ${column * unit.n}u < ${columns}u`] : []),
          ];
          const at = `start + ${row * unit.m * columns + column * unit.n}u`;
          const line = text(`sum${row}_${column}`, at);
          return tests.length > 0 ? `if (${tests.join(' && ')}) { ${line} }` : line;
        }),
      ),
    );

  return {
    kernel: kernel({
      name: `${BLOCKS_KERNEL} ${tile.down}x${tile.across} [${[...batch, rows, inner, columns].join(', ')}]${parts > 1 ? ` in ${parts}` : ''}`,
      reads: [['a', 'f16'], ['b', 'f16'], ...(residual ? ['residual'] : [])],
      writes: ['y'],
      workgroup: [tile.subgroupsDown * tile.subgroupsAcross * subgroupSize, 1],
      enable: ['f16', 'subgroups', 'chromium_experimental_subgroup_matrix'],
      subgroup: true,
      declarations: `
alias Left = subgroup_matrix_left<f16, ${unit.k}, ${unit.m}>;
alias Right = subgroup_matrix_right<f16, ${unit.n}, ${unit.k}>;
alias Sum = subgroup_matrix_result<f32, ${unit.n}, ${unit.m}>;`,
      body: `
let number = ${GROUP};
if (number >= ${tiles.all * parts}u) { return; }
${placeOfTile(tiles, parts, tile)}
let row = aFirst + subgroup / ${tile.subgroupsAcross}u * ${own.down}u;
let column = bFirst + subgroup % ${tile.subgroupsAcross}u * ${own.across}u;
let aMatrix = (${positionOf(batch, batchA, 'matrix')}) * ${left.outer * left.inner * aSize}u;
let bMatrix = (${positionOf(batch, batchB, 'matrix')}) * ${right.outer * right.inner * bSize}u;
${lines(down.map((index) => `let a${index}At = aMatrix + ${place(`(row + ${index * unit.m}u)`, unit.m, left.outer, cutRows)} * ${left.inner * aSize}u;`))}
${lines(across.map((index) => `let b${index}At = bMatrix + ${place(`(column + ${index * unit.n}u)`, unit.n, right.outer, cutColumns)} * ${right.inner * bSize}u;`))}
let start = ((part * ${sizeOf(batch)}u + matrix) * ${rows}u + row) * ${columns}u + column;
${lines(down.flatMap((i) => across.map((j) => `var sum${i}_${j}: Sum;`)))}
${residual ? eachSum((sum, at) => `${sum} = subgroupMatrixLoad<Sum, row_major>(&residual, ${at}, ${columns}u);`) : ''}
let first = part * ${span / unit.k}u;
let end = min(${steps}u, first + ${span / unit.k}u);
${
  ahead
    ? `${lines([...down.map((i) => `var a${i}: Left;`), ...across.map((i) => `var b${i}: Right;`)])}
${lines([...down.map((i) => `var next_a${i}: Left;`), ...across.map((i) => `var next_b${i}: Right;`)])}
${load('', 'first')}
for (var k = first; k < end; k++) {
  let next = min(k + 1u, end - 1u);
  ${load('next_', 'next')}
  ${multiply}
  ${lines([...down.map((i) => `a${i} = next_a${i};`), ...across.map((i) => `b${i} = next_b${i};`)])}
}`
    : `for (var k = first; k < end; k++) {
  ${load('let ', 'k')}
  ${multiply}
}`
}
${eachSum((sum, at) => `subgroupMatrixStore<row_major>(&y, ${at}, ${sum}, ${columns}u);`)}`,
    }),
    workgroups: spread(tiles.all * parts),
  };
}
