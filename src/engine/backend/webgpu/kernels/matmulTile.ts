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
 * - Staged as half floats (`staged: 'f16'`), the tile takes half of the workgroup memory and of its
 *   traffic. What is rounded is each factor, once, on its way in; it is widened again when it is read, so
 *   that products and sums are f32. A conversion for each number read: 16 for the 64 multiply-adds of
 *   8x8 sums.
 */
import { sizeOf } from '../../../graph/graph';
import { GROUP, kernel, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { positionOf } from './indexing';
import { DEPTH, lanesOf, squareOf, tilesOf } from './matmul';
import type { Product, TilePlan } from './matmul';
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

/** Reads a, b and what the epilogue reads; writes y, or, of several parts, [parts, ...the result]. */
export function matmulTile(
  product: Product,
  { tile, parts, span, staged: storage }: TilePlan,
): { readonly kernel: Kernel; readonly workgroups: readonly [number, number, number] } {
  const { rows, columns, inner, batch } = product;
  const { size, each } = tile;
  const [side, lanes] = [size / each, lanesOf(tile)];
  const tiles = tilesOf(product, squareOf(tile));
  const { a, b } = operandsOf(product);
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
      name: `matmul ${size}${storage === 'f16' ? ' f16' : ''} [${[...batch, rows, inner, columns].join(', ')}]${parts > 1 ? ` in ${parts}` : ''}`,
      reads: [elementOf(a), elementOf(b), ...reads],
      writes: [['y', type]],
      workgroup: [lanes, 1],
      enable: storage === 'f16' ? ['f16'] : [],
      declarations: `
var<workgroup> aTile: array<vec4<${storage}>, ${(DEPTH * size) / 4}>;
var<workgroup> bTile: array<vec4<${storage}>, ${(DEPTH * size) / 4}>;
${storage === 'f16' ? ROUND_TO_HALF : ''}
${readFunction(a, size, DEPTH)}
${readFunction(b, size, DEPTH)}
${writeFunction(product, squareOf(tile), result)}`,
      body: `
let number = ${GROUP};
if (number >= ${tiles.all * parts}u) { return; }
${placeOfTile(tiles, parts, squareOf(tile))}
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
      ${multiplyAdds(each, size, storage)}
    }
  }
  if (k >= end) { break; }
  workgroupBarrier();
  ${stage((operand, block) => storeBlock(operand, block, size, storage))}
  workgroupBarrier();
}
let whole = part * ${sizeOf(batch)}u + matrix;
${sums(each, (name, down, across) => `write(whole, aFirst + ${placeOf(down, 'row', side)}, bFirst + ${placeOf(4 * across, 'column', side)}, ${name});`)}`,
    }),
    workgroups: spread(tiles.all * parts),
  };
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

function storeBlock(
  { name, innerLast }: Operand,
  block: string,
  size: number,
  storage: TilePlan['staged'],
): string {
  const four = (part: string): string =>
    `vec4f(${FOUR.map((i) => `${block}${i}.${part}`).join(', ')})`;
  const rounded = (numbers: string): string =>
    storage === 'f16' ? `roundToHalf(${numbers})` : numbers;
  return FOUR.map((i) => {
    const at = `(4u * ${name}Inner + ${i}u) * ${size / 4}u + (${name}Outer ^ (2u * ${name}Inner))`;
    return `${name}Tile[${at}] = ${rounded(innerLast ? four('xyzw'[i]!) : `${block}${i}`)};`;
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
function multiplyAdds(each: number, size: number, storage: TilePlan['staged']): string {
  const widened = (four: string): string => (storage === 'f16' ? `vec4f(${four})` : four);
  const halves = [0, 1].slice(0, each / 4);
  const steps = FOUR.map((i) => {
    const read = (name: string): string =>
      halves
        .map((half) => {
          const at = i * (size / 4) + half * (size / each);
          return `let ${name}${half} = ${widened(`${name}Tile[${name}At + ${at}u]`)};`;
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
