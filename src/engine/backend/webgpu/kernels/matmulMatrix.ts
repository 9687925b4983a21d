/**
 * A matrix product on the GPU's matrix units (WebGPU's experimental subgroup matrices): a workgroup has a
 * tile of the result, each of its subgroups a block of that, kept as f32 matrices of the unit's shape,
 * which are spread over the subgroup's lanes in a way that only the driver knows. Bound by arithmetic
 * where the tiles fill the GPU; a block of 64x32 takes 11 multiply-adds for each byte of workgroup
 * memory, a tile of 128 takes 32 for each byte from outside.
 *
 * - What is rounded: each factor, once, to a half float, on its way into workgroup memory. The units
 *   multiply halves exactly and add up in f32. (Units that take f32, as Apple's, round nothing.)
 * - Staging copies lines as they lie, four numbers at a time, 32 or 16 inner elements deep; the units
 *   read lines as rows or as columns, so that no form is turned. The next ones are on their way in
 *   registers while the subgroups multiply. Lines are 16 bytes longer than they need be, or their
 *   beginnings would share a memory bank.
 * - A result passes through workgroup memory, one row of matrices of each subgroup at a time: lanes can't
 *   see into a matrix, and scale, bias, residual and edges are the same text as in matmulTile.ts.
 * - All lanes of a subgroup load, multiply and store together: what they do depends on the workgroup and
 *   the subgroup's number alone. Where subgroups may be smaller than the device's largest there are more
 *   of them than blocks, and those beyond do nothing.
 * - Edges and bands as in matmulTile.ts (matmulOperand.ts).
 */
import { sizeOf } from '../../../graph/graph';
import { GROUP, kernel, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { positionOf } from './indexing';
import { linePadding, matrixBlock, matrixLanes, tilesOf } from './matmul';
import type { MatrixPlan, MatrixUnit, Product } from './matmul';
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
import { ROUND_TO_HALF } from './roundToHalf';

/** What the names of these kernels begin with. */
export const MATRIX_KERNEL = 'matmul matrix';

/** One operand's tile in workgroup memory. */
interface Staged {
  readonly operand: Operand;
  /** Numbers of a line, without the padding, and how many lines. */
  readonly line: number;
  readonly lines: number;
  readonly stride: number;
  /** The registers on their way. */
  readonly block: string;
}

/** Reads a, b and what the epilogue reads; writes y, or, of several parts, [parts, ...the result]. */
export function matmulMatrix(
  product: Product,
  plan: MatrixPlan,
): { readonly kernel: Kernel; readonly workgroups: readonly [number, number, number] } {
  const { rows, columns, inner, batch } = product;
  const { tile, unit, depth, parts, span } = plan;
  const { component } = unit;
  const lanes = matrixLanes(plan);
  const block = matrixBlock(tile);
  const tiles = tilesOf(product, tile);
  const subgroups = tile.subgroupsDown * tile.subgroupsAcross;
  const { a, b } = operandsOf(product);
  const staged = [stagedOf(a, tile.down, plan), stagedOf(b, tile.across, plan)] as const;
  const resultStride = block.across + linePadding('f32');
  const type = columns % 4 === 0 ? 'vec4<f32>' : 'f32';
  const { reads, result } = epilogue(parts === 1 ? product : undefined, type);
  const together = (text: string): string =>
    plan.subgroupsVary ? `if (subgroup < ${subgroups}u) {\n${text}\n}` : text;
  const rowsOfMatrices = Array.from({ length: block.down / unit.m }, (_, row) => row);
  const columnsOfMatrices = Array.from({ length: block.across / unit.n }, (_, column) => column);
  const sums = rowsOfMatrices.flatMap((row) =>
    columnsOfMatrices.map((column) => `${row}_${column}`),
  );

  return {
    kernel: kernel({
      name: `${MATRIX_KERNEL} ${tile.down}x${tile.across} [${[...batch, rows, inner, columns].join(', ')}]${parts > 1 ? ` in ${parts}` : ''}`,
      reads: [elementOf(a), elementOf(b), ...reads],
      writes: [['y', type]],
      workgroup: [lanes, 1],
      enable: [
        ...(component === 'f16' ? ['f16'] : []),
        'subgroups',
        'chromium_experimental_subgroup_matrix',
      ],
      subgroup: true,
      declarations: `
alias Left = subgroup_matrix_left<${component}, ${unit.k}, ${unit.m}>;
alias Right = subgroup_matrix_right<${component}, ${unit.n}, ${unit.k}>;
alias Sum = subgroup_matrix_result<f32, ${unit.n}, ${unit.m}>;
${staged.map(({ operand, lines, stride }) => `var<workgroup> ${operand.name}Tile: array<${component}, ${lines * stride}>;`).join('\n')}
var<workgroup> results: array<f32, ${subgroups * unit.m * resultStride}>;
${component === 'f16' ? ROUND_TO_HALF : ''}
${readFunction(a, tile.down, depth)}
${readFunction(b, tile.across, depth)}
${writeFunction(product, tile, result)}`,
      body: `
let number = ${GROUP};
if (number >= ${tiles.all * parts}u) { return; }
${placeOfTile(tiles, parts, tile)}
let aStart = (${positionOf(batch, product.batchA, 'matrix')}) * ${matrixSize(a)}u;
let bStart = (${positionOf(batch, product.batchB, 'matrix')}) * ${matrixSize(b)}u;
let blockRow = subgroup / ${tile.subgroupsAcross}u * ${block.down}u;
let blockColumn = subgroup % ${tile.subgroupsAcross}u * ${block.across}u;
${staged.map((each) => quads(each, lanes, (name) => `var ${name}: vec4f;`)).join('\n')}
${sums.map((sum) => `var sum${sum}: Sum;`).join('\n')}
let end = min(${inner}u, (part + 1u) * ${span}u);
for (var k = part * ${span}u; ; k += ${depth}u) {
  if (k < end) {
${staged.map((each) => load(each, lanes)).join('\n')}
  }
  if (k > part * ${span}u) {
${together(`for (var q = 0u; q < ${depth}u; q += ${unit.k}u) {
${rowsOfMatrices.map((row) => loadMatrix(staged[0], 'Left', row, `blockRow + ${row * unit.m}u`)).join('\n')}
${columnsOfMatrices.map((column) => loadMatrix(staged[1], 'Right', column, `blockColumn + ${column * unit.n}u`)).join('\n')}
${rowsOfMatrices
  .flatMap((row) =>
    columnsOfMatrices.map(
      (column) =>
        `sum${row}_${column} = subgroupMatrixMultiplyAccumulate(a${row}, b${column}, sum${row}_${column});`,
    ),
  )
  .join('\n')}
}`)}
  }
  if (k >= end) { break; }
  workgroupBarrier();
${staged.map((each) => store(each, lanes, component)).join('\n')}
  workgroupBarrier();
}
let whole = part * ${sizeOf(batch)}u + matrix;
${rowsOfMatrices
  .map(
    (row) => `workgroupBarrier();
${together(
  columnsOfMatrices
    .map(
      (column) =>
        `subgroupMatrixStore<row_major>(&results, subgroup * ${unit.m * resultStride}u + ${column * unit.n}u, sum${row}_${column}, ${resultStride}u);`,
    )
    .join('\n'),
)}
workgroupBarrier();
for (var index = lane; index < ${(subgroups * unit.m * block.across) / 4}u; index += ${lanes}u) {
  let line = index / ${block.across / 4}u;
  let quad = index % ${block.across / 4}u;
  let owner = line / ${unit.m}u;
  let at = line * ${resultStride}u + 4u * quad;
  write(
    whole,
    aFirst + owner / ${tile.subgroupsAcross}u * ${block.down}u + ${row * unit.m}u + line % ${unit.m}u,
    bFirst + owner % ${tile.subgroupsAcross}u * ${block.across}u + 4u * quad,
    vec4f(results[at], results[at + 1u], results[at + 2u], results[at + 3u]),
  );
}`,
  )
  .join('\n')}`,
    }),
    workgroups: spread(tiles.all * parts),
  };
}

function stagedOf(operand: Operand, size: number, { depth, unit }: MatrixPlan): Staged {
  const [line, lines] = operand.innerLast ? [depth, size] : [size, depth];
  const stride = line + linePadding(unit.component);
  return { operand, line, lines, stride, block: operand.name === 'a' ? 'u' : 'v' };
}

/** A text for each four numbers that a lane stages, given where they lie in the tile. */
function quads(
  { line, lines, block }: Staged,
  lanes: number,
  text: (name: string, line: string, quad: string) => string,
): string {
  const all = (line * lines) / 4;
  return Array.from({ length: Math.ceil(all / lanes) }, (_, i) => {
    const index = i === 0 ? 'lane' : `(lane + ${i * lanes}u)`;
    const each = text(`${block}${i}`, `${index} / ${line / 4}u`, `${index} % ${line / 4}u`);
    const cut = (i + 1) * lanes > all && !each.startsWith('var ');
    return cut ? `if (${index} < ${all}u) { ${each} }` : each;
  }).join('\n');
}

/** WGSL: the lane's share of the operand from inner element `k` on, out of memory. */
function load(staged: Staged, lanes: number): string {
  const { name, innerLast } = staged.operand;
  return quads(staged, lanes, (register, line, quad) => {
    const [at, four] = innerLast
      ? [`${name}First + ${line}`, `k / 4u + ${quad}`]
      : [`k + ${line}`, `${name}First / 4u + ${quad}`];
    return `${register} = ${name}Four(${name}Start, ${at}, ${four});`;
  });
}

/** WGSL: the same, into workgroup memory. */
function store(staged: Staged, lanes: number, component: MatrixUnit['component']): string {
  const { operand, stride } = staged;
  return quads(staged, lanes, (register, line, quad) => {
    const at = `${line} * ${stride}u + ${quad} * 4u`;
    const four = component === 'f16' ? `roundToHalf(${register})` : register;
    const each = FOUR.map((i) => `${operand.name}Tile[at + ${i}u] = four.${'xyzw'[i]!};`);
    return `{ let at = ${at}; let four = ${four}; ${each.join(' ')} }`;
  });
}

/** WGSL: a matrix of the operand's tile, from place `outer` of its outer axis and `q` of its inner one. */
function loadMatrix(
  { operand, stride }: Staged,
  type: 'Left' | 'Right',
  index: number,
  outer: string,
): string {
  const { name, innerLast } = operand;
  // Lines are rows of the left matrix, and columns of the right one, where they run along the inner axis.
  const layout = innerLast === (type === 'Left') ? 'row_major' : 'col_major';
  const offset = innerLast ? `(${outer}) * ${stride}u + q` : `q * ${stride}u + ${outer}`;
  return `let ${name}${index} = subgroupMatrixLoad<${type}, ${layout}>(&${name}Tile, ${offset}, ${stride}u);`;
}
