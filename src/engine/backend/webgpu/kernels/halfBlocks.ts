/**
 * An operand of a product once more, for the matrix units: rounded to half floats, in blocks of the unit's
 * shape that each lie together, the inner axis running along their lines whichever way the operand lay. A
 * unit then reads a block as one stretch of memory, and products have one form to read instead of four.
 * Blocks at the ends are filled up with zeros.
 *
 * Bound by bytes: 4 in and 2 out for a number that a product reads as often as it has tiles. A lane writes
 * eight numbers; 16 lines of a block keep what a subgroup reads together, turned or not.
 */
import { kernel, LANES, spread } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement } from './indexing';
import type { Operand } from './matmulOperand';
import { ROUND_TO_HALF } from './roundToHalf';

/** Of the unit: how many places of the outer and of the inner axis a block has. */
export interface BlockShape {
  readonly outer: number;
  readonly inner: number;
}

/** How many blocks one matrix of the operand has along its axes. */
export function blocksOf(
  { outer, inner }: Pick<Operand, 'outer' | 'inner'>,
  block: BlockShape,
): BlockShape {
  return { outer: Math.ceil(outer / block.outer), inner: Math.ceil(inner / block.inner) };
}

/** Reads the operand, writes [matrices, outer blocks, inner blocks, ...block] as half floats. */
export function halfBlocks(operand: Operand, matrices: number, block: BlockShape): Sized {
  const { outer, inner, innerLast, wide } = operand;
  const blocks = blocksOf(operand, block);
  const perLine = block.inner / 8;
  const lanes = matrices * blocks.outer * blocks.inner * block.outer * perLine;
  const cutOuter = outer % block.outer !== 0;
  const cutInner = inner % block.inner !== 0;
  const eight = (text: (i: number) => string): string =>
    Array.from({ length: 8 }, (_, i) => text(i)).join(', ');
  const element = (place: string): string => {
    const at = innerLast
      ? `start + row * ${inner}u + ${place}`
      : `start + (${place}) * ${outer}u + row`;
    return wide ? `x[(${at}) / 4u][(${at}) % 4u]` : `x[${at}]`;
  };
  const numbers = eight((i) => {
    const place = `column + ${i}u`;
    if (!cutInner) return element(place);
    return `select(0.0, ${element(`min(${place}, ${inner - 1}u)`)}, ${place} < ${inner}u)`;
  });
  const read =
    innerLast && wide && !cutInner
      ? `let at = (start + row * ${inner}u + column) / 4u;
  let low = x[at];
  let high = x[at + 1u];`
      : `let eight = array<f32, 8>(${numbers});
  let low = vec4f(eight[0], eight[1], eight[2], eight[3]);
  let high = vec4f(eight[4], eight[5], eight[6], eight[7]);`;
  return {
    kernel: kernel({
      name: `halves in blocks [${matrices}, ${outer}, ${inner}]${innerLast ? '' : ' turned'}`,
      reads: [['x', wide ? 'vec4<f32>' : 'f32']],
      writes: [['y', 'vec4<u32>']],
      enable: ['f16'],
      declarations: ROUND_TO_HALF,
      body: `${eachElement(lanes, LANES)}
  let line = i / ${perLine}u;
  let inside = line / ${block.outer}u;
  let matrix = inside / ${blocks.outer * blocks.inner}u;
  let row = inside / ${blocks.inner}u % ${blocks.outer}u * ${block.outer}u + line % ${block.outer}u;
  let column = inside % ${blocks.inner}u * ${block.inner}u + i % ${perLine}u * 8u;
  let start = matrix * ${outer * inner}u;
  ${cutOuter ? `if (row >= ${outer}u) { y[i] = vec4<u32>(); return; }` : ''}
  ${read}
  y[i] = vec4<u32>(bitcast<vec2<u32>>(roundToHalf(low)), bitcast<vec2<u32>>(roundToHalf(high)));`,
    }),
    workgroups: spread(Math.ceil(lanes / LANES)),
  };
}
