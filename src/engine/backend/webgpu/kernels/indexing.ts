/** WGSL for where an element lies in a tensor that is laid out by strides. */
import { stridesOf } from '../../../graph/graph';
import type { Shape } from '../../../graph/graph';
import { GROUP } from '../kernel';

/**
 * The position, by `strides`, of element `index` of `shape` in row-major order. Axes that are one run
 * of memory are taken as one, so that a plain tensor costs no division.
 */
export function positionOf(shape: Shape, strides: readonly number[], index = 'i'): string {
  const axes: { length: number; stride: number; below: number }[] = [];
  const whole = stridesOf(shape);
  shape.forEach((length, axis) => {
    const [stride, below] = [strides[axis]!, whole[axis]!];
    const last = axes.at(-1);
    if (length === 1) return;
    if (last?.stride === stride * length) {
      last.length *= length;
      last.stride = stride;
      last.below = below;
    } else axes.push({ length, stride, below });
  });
  const terms = axes.flatMap(({ length, stride, below }, at) => {
    if (stride === 0) return [];
    const quotient = below === 1 ? index : `${index} / ${below}u`;
    const digit = at === 0 ? quotient : `(${quotient}) % ${length}u`;
    return [stride === 1 ? `(${digit})` : `(${digit}) * ${stride}u`];
  });
  return terms.length === 0 ? '0u' : terms.join(' + ');
}

/** Declares `i`, one element a lane, and returns where there is none left. */
export function eachElement(size: number, lanes: number): string {
  return `let i = (${GROUP}) * ${lanes}u + lane;\n  if (i >= ${size}u) { return; }`;
}
