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

/** At least one axis (a scalar is [1], so that no backend meets a shape without axes), none empty. */
export function checkLengths(label: string, shape: Shape): void {
  if (shape.length > 0 && shape.every((length) => Number.isInteger(length) && length > 0)) return;
  throw new GlassboxError(
    'graph-shape',
    `${label} cannot have the shape [${shape.join(', ')}]: expected at least one axis, each a whole number from 1 on.`,
    { details: { operator: label, shapes: [shape] } },
  );
}

/** The last two lengths, swapped where an operator reads the matrices transposed. */
export function lastTwo(shape: Shape, swapped: boolean): [number | undefined, number | undefined] {
  const [rows, columns] = shape.slice(-2);
  if (shape.length < 2) return [undefined, undefined];
  return swapped ? [columns, rows] : [rows, columns];
}

/** Checks q [B, T, H, D] against k and v [B, T, K, D]; gives B, T, H. */
export function checkHeads(op: string, q: Value, k: Value, v: Value): [number, number, number] {
  const [rows, tokens, heads, width] = q.shape;
  const keyHeads = k.shape[2];
  if (
    q.shape.length !== 4 ||
    !sameShape(k.shape, [rows!, tokens!, keyHeads ?? 0, width!]) ||
    !sameShape(k.shape, v.shape) ||
    heads! % keyHeads! !== 0
  ) {
    throw shapeError(op, [q, k, v], 'q [B, T, H, D], k and v [B, T, K, D], K dividing H');
  }
  return [rows!, tokens!, heads!];
}
