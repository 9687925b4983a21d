/**
 * A matrix product by tiles in registers: a workgroup has a square of the result, each of its lanes
 * 8x8 (or 4x4) sums of it in registers. Sixteen inner elements at a time are staged in workgroup memory
 * (16 KiB for the square of 128, WebGPU's default limit), both operands as [inner][outer], so that a
 * lane reads four neighbours at once. Bound by arithmetic: of 8x8 sums a lane, 16 multiply-adds for
 * each vec4 of workgroup memory, and `size / 2` for each number from outside.
 *
 * - Staging goes by blocks of 4x4, one or two a lane: four vec4 from memory, four vec4 into the tile,
 *   turned in registers where the inner axis is the one that lies together. So all four transposed
 *   forms have one inner loop. The next block is on its way while the sums are taken.
 * - The tile's quads lie at `quad ^ 2 * (inner / 4)`: without it, the four lanes that turn neighbouring
 *   blocks write to the same memory bank.
 * - 32 lanes in a row have 8 by 4 places of the square: so they read the fewest different numbers.
 * - Workgroups go down bands of eight tiles, so that those that run together share operands in the
 *   cache.
 * - Edges: rows and columns outside are read as the last one (and not written), inner elements
 *   outside as zero. Where the tile divides the shape there is no test at all. An operand whose rows
 *   aren't whole vec4 is read number by number.
 */
import { sizeOf } from '../../../graph/graph';
import { GROUP, kernel, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { positionOf } from './indexing';
import { DEPTH, epilogue, lanesOf, tilesOf } from './matmul';
import type { Product, TilePlan } from './matmul';

const BAND = 8;
const FOUR = [0, 1, 2, 3] as const;

/** One side of the product: a's outer axis is the result's rows, b's its columns. */
interface Operand {
  readonly name: 'a' | 'b';
  readonly outer: number;
  readonly inner: number;
  /** Its last axis is the inner one. */
  readonly innerLast: boolean;
  /** Its rows are whole vec4. */
  readonly wide: boolean;
}

/** Reads a, b and what the epilogue reads; writes y, or, of several parts, [parts, ...the result]. */
export function matmulTile(
  product: Product,
  { tile, parts, span }: TilePlan,
): { readonly kernel: Kernel; readonly workgroups: readonly [number, number, number] } {
  const { rows, columns, inner, batch } = product;
  const { size, each } = tile;
  const [side, lanes] = [size / each, lanesOf(tile)];
  const { down, across, all } = tilesOf(product, tile);
  const a = operandOf('a', rows, inner, !product.transposeA);
  const b = operandOf('b', columns, inner, product.transposeB);
  // Where there are more lanes than blocks of one operand, half of them stage the other one.
  const staged = [
    { operand: a, block: 'u', half: `lane < ${size}u` },
    { operand: b, block: lanes > size ? 'u' : 'v', half: `lane >= ${size}u` },
  ];
  const stage = (text: (operand: Operand, block: string) => string): string =>
    staged
      .map(({ operand, block, half }) =>
        lanes > size ? `if (${half}) { ${text(operand, block)} }` : text(operand, block),
      )
      .join('\n');
  const type = columns % 4 === 0 ? 'vec4<f32>' : 'f32';
  const { reads, result } = epilogue(parts === 1 ? product : undefined, type);

  return {
    kernel: kernel({
      name: `matmul ${size} [${[...batch, rows, inner, columns].join(', ')}]${parts > 1 ? ` in ${parts}` : ''}`,
      reads: [elementOf(a), elementOf(b), ...reads],
      writes: [['y', type]],
      workgroup: [lanes, 1],
      declarations: `
var<workgroup> aTile: array<vec4f, ${(DEPTH * size) / 4}>;
var<workgroup> bTile: array<vec4f, ${(DEPTH * size) / 4}>;
${readFunction(a, size)}
${readFunction(b, size)}
${writeFunction(product, size, result)}`,
      body: `
let number = ${GROUP};
if (number >= ${all * parts}u) { return; }
let matrix = number / ${down * across * parts}u;
let part = number / ${down * across}u % ${parts}u;
let within = number % ${down * across}u;
let band = within / ${BAND * across}u * ${BAND}u;
let height = min(${BAND}u, ${down}u - band);
let aFirst = (band + within % ${BAND * across}u % height) * ${size}u;
let bFirst = within % ${BAND * across}u / height * ${size}u;
let aStart = (${positionOf(batch, product.batchA, 'matrix')}) * ${matrixSize(a)}u;
let bStart = (${positionOf(batch, product.batchB, 'matrix')}) * ${matrixSize(b)}u;
let block = lane % ${size}u;
${blockPlace(a, size)}
${blockPlace(b, size)}
let row = lane / 8u % 4u + lane / ${4 * side}u * 4u;
let column = lane % 8u + lane / 32u % ${side / 8}u * 8u;
${FOUR.map((i) => `var u${i}: vec4f; var v${i}: vec4f;`).join(' ')}
${sums(each, (name) => `var ${name}: vec4f;`)}
let end = min(${inner}u, (part + 1u) * ${span}u);
for (var k = part * ${span}u; ; k += ${DEPTH}u) {
  if (k < end) {
    ${stage((operand, block) => loadBlock(operand, block))}
  }
  if (k > part * ${span}u) {
    for (var q = 0u; q < ${DEPTH / 4}u; q++) {
      ${multiplyAdds(each, size)}
    }
  }
  if (k >= end) { break; }
  workgroupBarrier();
  ${stage((operand, block) => storeBlock(operand, block, size))}
  workgroupBarrier();
}
let whole = part * ${sizeOf(batch)}u + matrix;
${sums(each, (name, down, across) => `write(whole, aFirst + ${placeOf(down, 'row', side)}, bFirst + ${placeOf(4 * across, 'column', side)}, ${name});`)}`,
    }),
    workgroups: spread(all * parts),
  };
}

function operandOf(name: 'a' | 'b', outer: number, inner: number, innerLast: boolean): Operand {
  return { name, outer, inner, innerLast, wide: (innerLast ? inner : outer) % 4 === 0 };
}

const elementOf = ({ name, wide }: Operand): [string, string] => [name, wide ? 'vec4<f32>' : 'f32'];
const matrixSize = ({ outer, inner, wide }: Operand): number => (outer * inner) / (wide ? 4 : 1);

/**
 * WGSL: four neighbours in a row of the operand, of the `quad`th four of row `at`. A row is one of the
 * outer axis where the inner axis is the last, and the other way round.
 */
function readFunction({ name, outer, inner, innerLast, wide }: Operand, size: number): string {
  const [count, length] = innerLast ? [outer, inner] : [inner, outer];
  const cutOuter = outer % size !== 0;
  const cutInner = inner % DEPTH !== 0;
  const row = innerLast && cutOuter ? `min(at, ${count - 1}u)` : 'at';
  const past = innerLast ? `4u * quad >= ${length}u` : `at >= ${count}u`;
  const four = FOUR.map((i) => {
    const element = `${name}[row + min(4u * quad + ${i}u, ${length - 1}u)]`;
    return innerLast ? `select(0.0, ${element}, 4u * quad + ${i}u < ${length}u)` : element;
  });
  const quad = !innerLast && cutOuter ? `min(quad, ${length / 4 - 1}u)` : 'quad';
  return `fn ${name}Four(start: u32, at: u32, quad: u32) -> vec4f {
  ${cutInner ? `if (${past}) { return vec4f(); }` : ''}
  let row = start + ${row} * ${wide ? length / 4 : length}u;
  return ${wide ? `${name}[row + ${quad}]` : `vec4f(${four.join(', ')})`};
}`;
}

/** Which block of the operand's tile a lane stages, so that neighbours in memory go to neighbours. */
function blockPlace({ name, innerLast }: Operand, size: number): string {
  const quads = size / 4;
  const [outer, inner] = innerLast
    ? [`block / ${DEPTH / 4}u`, `block % ${DEPTH / 4}u`]
    : [`block % ${quads}u`, `block / ${quads}u`];
  return `let ${name}Outer = ${outer}; let ${name}Inner = ${inner};`;
}

/** WGSL: `block`0 to 3 are the lane's block of the operand from inner element `k` on. */
function loadBlock({ name, innerLast }: Operand, block: string): string {
  return FOUR.map((i) => {
    const [at, quad] = innerLast
      ? [`${name}First + 4u * ${name}Outer + ${i}u`, `k / 4u + ${name}Inner`]
      : [`k + 4u * ${name}Inner + ${i}u`, `${name}First / 4u + ${name}Outer`];
    return `${block}${i} = ${name}Four(${name}Start, ${at}, ${quad});`;
  }).join(' ');
}

function storeBlock({ name, innerLast }: Operand, block: string, size: number): string {
  const four = (part: string): string => FOUR.map((i) => `${block}${i}.${part}`).join(', ');
  return FOUR.map((i) => {
    const at = `(4u * ${name}Inner + ${i}u) * ${size / 4}u + (${name}Outer ^ (2u * ${name}Inner))`;
    return `${name}Tile[${at}] = ${innerLast ? `vec4f(${four('xyzw'[i]!)})` : `${block}${i}`};`;
  }).join(' ');
}

/** A text for each of a lane's sums: four neighbouring columns of one of its rows. */
function sums(each: number, text: (name: string, down: number, across: number) => string): string {
  const lines: string[] = [];
  for (let down = 0; down < each; down++) {
    for (let across = 0; across < each / 4; across++)
      lines.push(text(`sum${down}_${across}`, down, across));
  }
  return lines.join('\n');
}

/** A lane's rows are four in each half of the square, so that lanes side by side read side by side. */
function placeOf(index: number, lane: string, side: number): string {
  return `${Math.floor(index / 4) * 4 * side + (index % 4)}u + 4u * ${lane}`;
}

/** WGSL: four inner elements of the tile, from `4 * q` on. */
function multiplyAdds(each: number, size: number): string {
  const halves = [0, 1].slice(0, each / 4);
  const steps = FOUR.map((i) => {
    const read = (name: string): string =>
      halves
        .map((half) => {
          const at = i * (size / 4) + half * (size / each);
          return `let ${name}${half} = ${name}Tile[${name}At + ${at}u];`;
        })
        .join(' ');
    const add = sums(
      each,
      (name, down, across) =>
        `${name} += a${Math.floor(down / 4)}.${'xyzw'[down % 4]!} * b${across};`,
    );
    return `{ ${read('a')} ${read('b')}\n${add} }`;
  });
  return `let aAt = ${size}u * q + (row ^ (2u * q));
let bAt = ${size}u * q + (column ^ (2u * q));
${steps.join('\n')}`;
}

/** WGSL: writes four neighbouring columns of a row, as far as they are within the result. */
function writeFunction(
  { rows, columns }: Product,
  size: number,
  result: (sum: string, at: string, column: string) => string,
): string {
  const wide = columns % 4 === 0;
  const tests: string[] = [];
  if (rows % size !== 0) tests.push(`row >= ${rows}u`);
  if (columns % size !== 0) tests.push(`column >= ${columns}u`);
  const outside = tests.length > 0 ? `if (${tests.join(' || ')}) { return; }` : '';
  const at = `(matrix * ${rows}u + row) * ${columns}u + column`;
  const lines = wide
    ? [`let at = (${at}) / 4u;`, `y[at] = ${result('sum', 'at', 'column / 4u')};`]
    : [
        `let at = ${at};`,
        ...FOUR.map((i) => {
          const line = `y[at + ${i}u] = ${result(`sum.${'xyzw'[i]!}`, `(at + ${i}u)`, `column + ${i}u`)};`;
          return i === 0 ? line : `if (column + ${i}u < ${columns}u) { ${line} }`;
        }),
      ];
  return `fn write(matrix: u32, row: u32, column: u32, sum: vec4f) {
  ${outside}
  ${lines.join('\n  ')}
}`;
}
