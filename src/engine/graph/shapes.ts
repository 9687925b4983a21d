/** Arithmetic on shapes, with errors that name the operator and the shapes that don't fit. */
import { GlassboxError } from '../../base/errors';
import type { Shape, Value } from './operators';

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

export function describe(value: Value): string {
  return `${value.label} ${value.dtype}[${value.shape.join(', ')}]`;
}

/** A `graph-shape` error for an operator and the values that it was given. */
export function shapeError(
  operator: string,
  values: readonly Value[],
  expected: string,
): GlassboxError {
  return new GlassboxError(
    'graph-shape',
    `${operator} cannot take ${values.map(describe).join(' and ')}: expected ${expected}.`,
    { details: { operator, shapes: values.map((value) => value.shape) } },
  );
}

/** NumPy's rule: aligned from the right, lengths equal or 1. Undefined where they don't fit. */
export function broadcastShapes(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** The axes along which `from` was stretched to `to`, in `to`'s numbering. */
export function stretchedAxes(from: Shape, to: Shape): number[] {
  const lead = to.length - from.length;
  const axes: number[] = [];
  for (let axis = 0; axis < to.length; axis++) {
    if (axis < lead || (from[axis - lead] === 1 && to[axis] !== 1)) axes.push(axis);
  }
  return axes;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}
