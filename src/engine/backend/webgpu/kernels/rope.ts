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
  readonly heads: number;
  /** Of a head. */
  readonly width: number;
  /** Rows of the tables. */
  readonly positions: number;
  /** Turn backwards. */
  readonly inverse: boolean;
}

/** Reads x, positions, cosine, sine; writes y. */
export function rope({ tokens, heads, width, positions, inverse }: RopeShape): Sized {
  const wide = width % 8 === 0;
  const type = wide ? 'vec4f' : 'f32';
  const half = width / (wide ? 8 : 2);
  const pairs = tokens * heads * half;
  return {
    kernel: kernel({
      name: `rope [${tokens}, ${heads}, ${width}]${inverse ? ' inverse' : ''}`,
      reads: [
        ['x', type],
        ['positions', 'i32'],
        ['cosine', type],
        ['sine', type],
      ],
      writes: [['y', type]],
      body: `${eachElement(pairs, LANES)}
  let vector = i / ${half}u;
  let pair = i % ${half}u;
  let position = u32(clamp(positions[vector / ${heads}u], 0, ${positions - 1}));
  let cos = cosine[position * ${half}u + pair];
  let sin = ${inverse ? '-' : ''}sine[position * ${half}u + pair];
  let first = vector * ${2 * half}u + pair;
  let a = x[first];
  let b = x[first + ${half}u];
  y[first] = a * cos - b * sin;
  y[first + ${half}u] = b * cos + a * sin;`,
    }),
    workgroups: spread(Math.ceil(pairs / LANES)),
  };
}
