/**
 * Rotary positions in the half-rotation form: element i of a head turns together with element i + D/2
 * by the angle of the token's position, whose cosine and sine are looked up. A lane turns one pair, or
 * four where the half of a head is a whole number of vec4. Bound by bytes: x is read once and y written
 * once; the tables' rows are shared by all heads and come from the cache.
 *
 * A position outside of the tables reads their nearest row: the host refuses it where it can see it
 * (ranges.ts).
 */
import { kernel, LANES, spread } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement } from './indexing';

export interface RopeShape {
  /** Rows times tokens. */
  readonly tokens: number;
  /** Of each tensor: queries and keys have the same positions, and are turned together. */
  readonly heads: readonly number[];
  /** Of a head. */
  readonly width: number;
  /** Rows of the tables. */
  readonly positions: number;
  /** Turn backwards. */
  readonly inverse: boolean;
}

/** Reads a tensor for each number of heads, then positions, cosine, sine; writes as many tensors. */
export function rope({ tokens, heads, width, positions, inverse }: RopeShape): Sized {
  const wide = width % 8 === 0;
  const type = wide ? 'vec4f' : 'f32';
  const half = width / (wide ? 8 : 2);
  const ends: number[] = [];
  for (const count of heads) ends.push((ends.at(-1) ?? 0) + tokens * count * half);
  const pairs = ends.at(-1)!;
  const turn = (count: number, tensor: number): string => `
  if (i < ${ends[tensor]!}u) {
    let at = i - ${ends[tensor - 1] ?? 0}u;
    let vector = at / ${half}u;
    let pair = at % ${half}u;
    let position = u32(clamp(positions[vector / ${count}u], 0, ${positions - 1}));
    let cos = cosine[position * ${half}u + pair];
    let sin = ${inverse ? '-' : ''}sine[position * ${half}u + pair];
    let first = vector * ${2 * half}u + pair;
    let a = x${tensor}[first];
    let b = x${tensor}[first + ${half}u];
    y${tensor}[first] = a * cos - b * sin;
    y${tensor}[first + ${half}u] = b * cos + a * sin;
  }`;
  return {
    kernel: kernel({
      name: `rope [${tokens}, ${heads.join(' + ')}, ${width}]${inverse ? ' inverse' : ''}`,
      reads: [
        ...heads.map((_, tensor) => [`x${tensor}`, type] as const),
        ['positions', 'i32'],
        ['cosine', type],
        ['sine', type],
      ],
      writes: heads.map((_, tensor) => [`y${tensor}`, type] as const),
      body: `${eachElement(pairs, LANES)}${heads.map(turn).join(' else')}`,
    }),
    workgroups: spread(Math.ceil(pairs / LANES)),
  };
}
