/** Operators that move elements, and reductions along axes (which stay, with length 1). */
import { stridesOf } from '../../graph/graph';
import type { Node, Shape } from '../../graph/graph';
import { broadcastStrides, positionsOf } from '../layout';
import type { Rules } from './rule';

type Arrays = readonly Float64Array[];

function gather(x: Float64Array, positions: Int32Array): Float64Array {
  return Float64Array.from(positions, (position) => x[position]!);
}

/** The position of the element at `index`. */
function positionAt(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, each, axis) => sum + each * strides[axis]!, 0);
}

/** Copies `block`, of shape `blockShape`, into `target` so that its first element lies at `at`. */
export function place(
  target: Float64Array,
  shape: Shape,
  block: Float64Array,
  blockShape: Shape,
  at: readonly number[],
): void {
  const strides = stridesOf(shape);
  const positions = positionsOf(blockShape, strides, positionAt(at, strides));
  block.forEach((value, element) => (target[positions[element]!] = value));
}

function reduce(compute: (sofar: number, x: number) => number, start: number) {
  return ({ inputs, outputs }: Node<'sum' | 'max'>, [x]: Arrays): Arrays => {
    const from = inputs[0]!.shape;
    const to = outputs[0]!.shape;
    const y = new Float64Array(to.reduce((size, length) => size * length, 1)).fill(start);
    // A result that is broadcast back to the input's shape says where each element belongs.
    positionsOf(from, broadcastStrides(to, from)).forEach((position, element) => {
      y[position] = compute(y[position]!, x![element]!);
    });
    return [y];
  };
}

export const shape = {
  reshape: (_: Node<'reshape'>, [x]: Arrays) => [x!],

  transpose: ({ inputs, outputs, attributes }: Node<'transpose'>, [x]: Arrays) => {
    const from = stridesOf(inputs[0]!.shape);
    const strides = attributes.permutation.map((axis) => from[axis]!);
    return [gather(x!, positionsOf(outputs[0]!.shape, strides))];
  },

  broadcast: ({ inputs, outputs }: Node<'broadcast'>, [x]: Arrays) => {
    const to = outputs[0]!.shape;
    return [gather(x!, positionsOf(to, broadcastStrides(inputs[0]!.shape, to)))];
  },

  slice: ({ inputs, outputs, attributes }: Node<'slice'>, [x]: Arrays) => {
    const strides = stridesOf(inputs[0]!.shape);
    const start = positionAt(attributes.starts, strides);
    return [gather(x!, positionsOf(outputs[0]!.shape, strides, start))];
  },

  pad: ({ inputs, outputs, attributes }: Node<'pad'>, [x]: Arrays) => {
    const to = outputs[0]!.shape;
    const y = new Float64Array(to.reduce((size, length) => size * length, 1));
    place(y, to, x!, inputs[0]!.shape, attributes.before);
    return [y];
  },

  concatenate: ({ inputs, outputs, attributes: { axis } }: Node<'concatenate'>, parts: Arrays) => {
    const to = outputs[0]!.shape;
    const y = new Float64Array(to.reduce((size, length) => size * length, 1));
    let start = 0;
    inputs.forEach(({ shape: from }, part) => {
      const at = to.map((_, each) => (each === axis ? start : 0));
      place(y, to, parts[part]!, from, at);
      start += from[axis]!;
    });
    return [y];
  },

  sum: reduce((sofar, x) => sofar + x, 0),
  max: reduce(Math.max, -Infinity),
} satisfies Partial<Rules>;
