/**
 * Operators over the last axis: softmax (after subtracting the row's maximum, which changes nothing
 * but keeps exp in range), RMSNorm (Zhang and Sennrich, "Root Mean Square Layer Normalization",
 * 2019), and SwiGLU (Shazeer, "GLU Variants Improve Transformer", 2020).
 */
import type { Node } from '../../graph/graph';
import { rowsOf } from '../layout';
import type { Rules } from './rule';

type Arrays = readonly Float64Array[];

/** log(sum(exp(row))), stable for large values. */
export function logSumExp(row: Float64Array): number {
  const highest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return highest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - highest), 0));
}

function rowwise(compute: (x: number, logSum: number) => number) {
  return ({ inputs }: Node, [x]: Arrays): Arrays => {
    const { rows, width } = rowsOf(inputs[0]!.shape);
    const y = new Float64Array(x!.length);
    for (let row = 0; row < rows; row++) {
      const values = x!.subarray(row * width, (row + 1) * width);
      const logSum = logSumExp(values);
      values.forEach((value, i) => (y[row * width + i] = compute(value, logSum)));
    }
    return [y];
  };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export const normalization = {
  softmax: rowwise((x, logSum) => Math.exp(x - logSum)),
  logSoftmax: rowwise((x, logSum) => x - logSum),

  /** y = weight * x / sqrt(mean(x^2) + epsilon). */
  rmsNorm: ({ inputs, attributes }: Node<'rmsNorm'>, [x, weight]: Arrays) => {
    const { rows, width } = rowsOf(inputs[0]!.shape);
    const y = new Float64Array(x!.length);
    const inverseRms = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const values = x!.subarray(row * width, (row + 1) * width);
      const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / width;
      inverseRms[row] = 1 / Math.sqrt(meanSquare + attributes.epsilon);
      values.forEach((value, i) => (y[row * width + i] = value * inverseRms[row]! * weight![i]!));
    }
    return [y, inverseRms];
  },

  /**
   * With n = x * inverseRms (the normalized row) and h = gradient * weight:
   * dx = inverseRms * (h - n * mean(h * n)), dWeight = the sum over rows of gradient * n.
   */
  rmsNormBackward: ({ inputs }: Node<'rmsNormBackward'>, arrays: Arrays) => {
    const [x, weight, inverseRms, gradient] = arrays;
    const { rows, width } = rowsOf(inputs[0]!.shape);
    const dx = new Float64Array(x!.length);
    const dWeight = new Float64Array(width);
    for (let row = 0; row < rows; row++) {
      const inverse = inverseRms![row]!;
      let mean = 0;
      for (let i = 0; i < width; i++) {
        const at = row * width + i;
        const normalized = x![at]! * inverse;
        mean += (gradient![at]! * weight![i]! * normalized) / width;
        dWeight[i]! += gradient![at]! * normalized;
      }
      for (let i = 0; i < width; i++) {
        const at = row * width + i;
        dx[at] = inverse * (gradient![at]! * weight![i]! - x![at]! * inverse * mean);
      }
    }
    return [dx, dWeight];
  },

  swiglu: (_: Node<'swiglu'>, [gate, up]: Arrays) => [
    gate!.map((g, i) => g * sigmoid(g) * up![i]!),
  ],

  /** d(g s)/dg = s (1 + g (1 - s)) with s = sigmoid(g). */
  swigluBackward: (_: Node<'swigluBackward'>, [gate, up, gradient]: Arrays) => [
    gate!.map((g, i) => {
      const s = sigmoid(g);
      return gradient![i]! * up![i]! * s * (1 + g * (1 - s));
    }),
    gate!.map((g, i) => gradient![i]! * g * sigmoid(g)),
  ],
} satisfies Partial<Rules>;
