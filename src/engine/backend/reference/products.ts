/** Matrix products, the linear layer, and the lookup in a table that a product with one-hot rows is. */
import { sizeOf } from '../../graph/graph';
import type { Node } from '../../graph/graph';
import { broadcastStrides, positionsOf, rowsOf } from '../layout';
import { checkedRow } from './rule';
import type { Rules } from './rule';

type Arrays = readonly Float64Array[];

export const products = {
  matmul: ({ inputs, outputs, attributes }: Node<'matmul'>, [a, b]: Arrays) => {
    const { transposeA, transposeB, scale } = attributes;
    const [shapeA, shapeB] = inputs.map((value) => value.shape);
    const shape = outputs[0]!.shape;
    const batch = shape.slice(0, -2);
    const [m, n] = [shape.at(-2)!, shape.at(-1)!];
    const k = shapeA!.at(transposeA ? -2 : -1)!;
    const matrixOfA = positionsOf(batch, broadcastStrides(shapeA!.slice(0, -2), batch));
    const matrixOfB = positionsOf(batch, broadcastStrides(shapeB!.slice(0, -2), batch));
    const [rowA, innerA] = transposeA ? [1, m] : [k, 1];
    const [innerB, columnB] = transposeB ? [1, k] : [n, 1];

    const y = new Float64Array(sizeOf(shape));
    for (let matrix = 0; matrix < matrixOfA.length; matrix++) {
      const startA = matrixOfA[matrix]! * m * k;
      const startB = matrixOfB[matrix]! * k * n;
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let sum = 0;
          for (let inner = 0; inner < k; inner++) {
            sum +=
              a![startA + row * rowA + inner * innerA]! *
              b![startB + inner * innerB + column * columnB]!;
          }
          y[(matrix * m + row) * n + column] = scale * sum;
        }
      }
    }
    return [y];
  },

  linear: ({ inputs, attributes }: Node<'linear'>, [x, weight, ...rest]: Arrays) => {
    const { rows: outputs, width: inner } = rowsOf(inputs[1]!.shape);
    const { rows } = rowsOf(inputs[0]!.shape);
    const bias = attributes.bias ? rest[0] : undefined;
    const residual = attributes.residual ? rest.at(-1) : undefined;
    const y = new Float64Array(rows * outputs);
    for (let row = 0; row < rows; row++) {
      for (let output = 0; output < outputs; output++) {
        let sum = (bias?.[output] ?? 0) + (residual?.[row * outputs + output] ?? 0);
        for (let i = 0; i < inner; i++) sum += x![row * inner + i]! * weight![output * inner + i]!;
        y[row * outputs + output] = sum;
      }
    }
    return [y];
  },

  embedding: ({ inputs }: Node<'embedding'>, [table, ids]: Arrays) => {
    const { rows, width } = rowsOf(inputs[0]!.shape);
    const y = new Float64Array(ids!.length * width);
    ids!.forEach((id, token) => {
      const start = checkedRow(id, rows, 'embedding') * width;
      y.set(table!.subarray(start, start + width), token * width);
    });
    return [y];
  },

  embeddingBackward: ({ outputs }: Node<'embeddingBackward'>, [ids, gradient]: Arrays) => {
    const { rows, width } = rowsOf(outputs[0]!.shape);
    const dTable = new Float64Array(rows * width);
    ids!.forEach((id, token) => {
      const start = checkedRow(id, rows, 'embeddingBackward') * width;
      for (let i = 0; i < width; i++) dTable[start + i]! += gradient![token * width + i]!;
    });
    return [dTable];
  },
} satisfies Partial<Rules>;
