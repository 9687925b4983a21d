/**
 * Where the elements of a tensor lie: row-major positions under broadcasting, permutation and
 * slicing, by strides (NumPy's model of an array: van der Walt, Colbert, Varoquaux, 2011).
 */
import { sizeOf, stridesOf } from '../graph/graph';
import type { Shape } from '../graph/graph';

/** The strides by which a tensor of shape `from` is read as if it had the shape `to`. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const lead = to.length - from.length;
  const strides = stridesOf(from);
  return to.map((_, axis) => {
    if (axis < lead || from[axis - lead] === 1) return 0;
    return strides[axis - lead]!;
  });
}

/**
 * The position of each element of `shape`, in row-major order, in an array that is laid out by
 * `strides` and whose first element lies at `start`.
 */
export function positionsOf(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  const positions = new Int32Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let position = start;
  for (let element = 0; element < positions.length; element++) {
    positions[element] = position;
    // Count up like an odometer: the last axis turns fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return positions;
}

/** The length of the last axis, and how many rows of that length there are. */
export function rowsOf(shape: Shape): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1;
  return { rows: sizeOf(shape) / width, width };
}
