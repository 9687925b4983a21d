/**
 * Copies that move elements to other places: transposed, stretched, cut out, padded, side by side, or
 * into a part of a state. Bound by bytes; a transposed read is as slow as its stride, which is why no
 * product needs one (matmul reads either form).
 */
import { sizeOf, stridesOf } from '../../../graph/graph';
import type { Shape } from '../../../graph/graph';
import { kernel, LANES, spread } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement, positionOf } from './indexing';

type Element = 'f32' | 'i32';
/** y[element] = x at the element's place by `strides`, from `start` on. */
export function gather(
  name: string,
  shape: Shape,
  strides: readonly number[],
  start: number,
  element: Element,
): Sized {
  const size = sizeOf(shape);
  return {
    kernel: kernel({
      name,
      reads: [['x', element]],
      writes: [['y', element]],
      body: `${eachElement(size, LANES)}
  y[i] = x[${start}u + ${positionOf(shape, strides)}];`,
    }),
    workgroups: spread(Math.ceil(size / LANES)),
  };
}

/** Puts x [shape] into y [whole] from the place `before` on; what is around it becomes zero. */
export function pad(
  shape: Shape,
  whole: Shape,
  before: readonly number[],
  element: Element,
): Sized {
  const size = sizeOf(whole);
  const strides = stridesOf(shape);
  const below = stridesOf(whole);
  const digits = whole.map((length, axis) => {
    const first = before[axis]!;
    return `let d${axis} = i32(i / ${below[axis]!}u % ${length}u) - ${first};`;
  });
  const inside = shape.map((length, axis) => `d${axis} >= 0 && d${axis} < ${length}`);
  const at = strides.map((stride, axis) => `u32(d${axis}) * ${stride}u`);
  return {
    kernel: kernel({
      name: 'pad',
      reads: [['x', element]],
      writes: [['y', element]],
      body: `${eachElement(size, LANES)}
  ${digits.join('\n  ')}
  if (${inside.join(' && ') || 'true'}) { y[i] = x[${at.join(' + ') || '0u'}]; } else { y[i] = ${element}(0); }`,
    }),
    workgroups: spread(Math.ceil(size / LANES)),
  };
}

/** Tensors that one dispatch inserts: with the offset they are 7 buffers. */
export const MOST_INSERTS = 3;

/**
 * Writes x [shape] into y [whole], or each of `count` tensors into one of its own, from `start` on along
 * `axis`; the rest of y stays as it is. An offset at which x would reach beyond y counts as the nearest at
 * which it does not.
 */
export function insert(
  shape: Shape,
  whole: Shape,
  axis: number,
  start: number | 'offset',
  element: Element,
  count = 1,
): Sized {
  const size = sizeOf(shape);
  const inner = sizeOf(shape.slice(axis + 1));
  const [own, all] = [shape[axis]! * inner, whole[axis]! * inner];
  const last = whole[axis]! - shape[axis]!;
  const names = (name: string): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`);
  const from = start === 'offset' ? `u32(clamp(offset[0], 0, ${last}))` : `${start}u`;
  return {
    kernel: kernel({
      name: count === 1 ? 'insert' : `insert ${count}`,
      reads: [
        ...names('x').map((name) => [name, element] as const),
        ...(start === 'offset' ? [['offset', 'i32'] as const] : []),
      ],
      writes: names('y').map((name) => [name, element]),
      body: `${eachElement(size, LANES)}
  let at = i / ${own}u * ${all}u + ${from} * ${inner}u + i % ${own}u;
  ${names('x')
    .map((name, index) => `${names('y')[index]!}[at] = ${name}[i];`)
    .join('\n  ')}`,
    }),
    workgroups: spread(Math.ceil(size / LANES)),
  };
}
