/**
 * A matrix product without workgroup memory: a workgroup has 16 rows by 128 columns of the result, each
 * of its 32 lanes all rows by four columns, in registers. Numbers of b are read by the lane that needs
 * them; each number of a by one lane of a subgroup, which gives it to the others (`subgroupBroadcast`).
 *
 * For adapters on which workgroup memory is slow, or memory like any other: four inner elements of 64
 * sums take 6 vec4 from memory, where the best tile takes 16 out of workgroup memory, and there are no
 * barriers. lavapipe, which computes on the CPU, reads memory lane by lane, in some eight instructions
 * for a number of a lane, while giving a lane's number to all is two for the whole subgroup. Bound
 * there by what reads cost; on GPUs, where 16 broadcasts go with 64 multiply-adds, by the broadcasts.
 *
 * The first eight lanes of a subgroup hold a block of a, 16 rows by 4 inner elements, as two vec4 each
 * (the others read the same once more), so that subgroups must have eight lanes at least. Edges as in
 * matmulTile.ts.
 */
import { sizeOf } from '../../../graph/graph';
import { GROUP, kernel, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { positionOf } from './indexing';
import { BROADCAST_LANES, BROADCAST_SUBGROUP, BROADCAST_TILE, tilesOf } from './matmul';
import type { BroadcastPlan, Product } from './matmul';
import {
  elementOf,
  epilogue,
  FOUR,
  matrixSize,
  operandsOf,
  placeOfTile,
  readFunction,
  writeFunction,
} from './matmulOperand';
import type { Operand } from './matmulOperand';

const HALVES = [0, 1] as const;
const ROWS = Array.from({ length: BROADCAST_TILE.down }, (_, row) => row);

/** Reads a, b and what the epilogue reads; writes y, or, of several parts, [parts, ...the result]. */
export function matmulBroadcast(
  product: Product,
  { parts, span }: BroadcastPlan,
): { readonly kernel: Kernel; readonly workgroups: readonly [number, number, number] } {
  const { rows, columns, inner, batch } = product;
  const { down, across } = BROADCAST_TILE;
  const tiles = tilesOf(product, BROADCAST_TILE);
  const { a, b } = operandsOf(product);
  const type = columns % 4 === 0 ? 'vec4<f32>' : 'f32';
  const { reads, result } = epilogue(parts === 1 ? product : undefined, type);
  return {
    kernel: kernel({
      name: `matmul broadcast [${[...batch, rows, inner, columns].join(', ')}]${parts > 1 ? ` in ${parts}` : ''}`,
      reads: [elementOf(a), elementOf(b), ...reads],
      writes: [['y', type]],
      workgroup: [BROADCAST_LANES, 1],
      enable: ['subgroups'],
      subgroupLane: true,
      declarations: `
${readFunction(a, down, 4)}
${readFunction(b, across, 4)}
${writeFunction(product, BROADCAST_TILE, result)}`,
      body: `
let number = ${GROUP};
if (number >= ${tiles.all * parts}u) { return; }
${placeOfTile(tiles, parts, BROADCAST_TILE)}
let aStart = (${positionOf(batch, product.batchA, 'matrix')}) * ${matrixSize(a)}u;
let bStart = (${positionOf(batch, product.batchB, 'matrix')}) * ${matrixSize(b)}u;
let column = bFirst + 4u * lane;
let eighth = subgroupLane % ${BROADCAST_SUBGROUP}u;
${ROWS.map((row) => `var sum${row}: vec4f;`).join(' ')}
let end = min(${inner}u, (part + 1u) * ${span}u);
for (var k = part * ${span}u; k < end; k += 4u) {
  ${loadRows(a)}
  ${loadColumns(b)}
  ${FOUR.map((i) => multiplyAdds(a, b, i)).join('\n')}
}
let whole = part * ${sizeOf(batch)}u + matrix;
${ROWS.map((row) => `write(whole, aFirst + ${row}u, column, sum${row});`).join('\n')}`,
    }),
    workgroups: spread(tiles.all * parts),
  };
}

/**
 * WGSL: `a0` and `a1` are the lane's share of 16 rows by four inner elements: where the inner axis is the
 * last, four inner elements of row `eighth` and of the eighth row after it; else four rows each.
 */
function loadRows({ innerLast }: Operand): string {
  return HALVES.map((half) =>
    innerLast
      ? `let a${half} = aFour(aStart, aFirst + ${8 * half}u + eighth, k / 4u);`
      : `let a${half} = aFour(aStart, k + eighth % 4u, aFirst / 4u + ${2 * half}u + eighth / 4u);`,
  ).join(' ');
}

/** WGSL: `b0` to `b3` are four columns of four inner elements, or four inner elements of four columns. */
function loadColumns({ innerLast }: Operand): string {
  return FOUR.map((i) =>
    innerLast
      ? `let b${i} = bFour(bStart, column + ${i}u, k / 4u);`
      : `let b${i} = bFour(bStart, k + ${i}u, column / 4u);`,
  ).join(' ');
}

/** WGSL: inner element `k + i` of all rows. */
function multiplyAdds(a: Operand, b: Operand, i: (typeof FOUR)[number]): string {
  const part = 'xyzw'[i]!;
  const ofColumns = b.innerLast ? `vec4f(${FOUR.map((j) => `b${j}.${part}`).join(', ')})` : `b${i}`;
  const lines = ROWS.map((row) => {
    const [half, within] = [Math.floor(row / 8), row % 8];
    const number = a.innerLast
      ? `a${half}.${part}, ${within}u`
      : `a${half}.${'xyzw'[row % 4]!}, ${4 * Math.floor(within / 4) + i}u`;
    return `sum${row} += subgroupBroadcast(${number}) * columns;`;
  });
  return `{ let columns = ${ofColumns};\n${lines.join('\n')} }`;
}
