/**
 * Output projection and cross-entropy: nll = log(sum(exp(logits))) - logits[target], whose gradient
 * with respect to the logits is softmax(logits) - onehot(target) (Goodfellow, Bengio and Courville,
 * "Deep Learning", 2016, section 6.2.2).
 */
import type { Node, Shape } from '../../graph/graph';
import { rowsOf } from '../layout';
import { logSumExp } from './normalization';
import { checkedRow } from './rule';
import type { Rules } from './rule';

type Arrays = readonly Float64Array[];

/** The logits of one token: weight [V, W] times the token's row of x. */
function logitsOf(x: Float64Array, token: number, weight: Float64Array, shape: Shape) {
  const { rows: vocabulary, width } = rowsOf(shape);
  return Float64Array.from({ length: vocabulary }, (_, id) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += x[token * width + i]! * weight[id * width + i]!;
    return sum;
  });
}

export const loss = {
  crossEntropy: ({ inputs }: Node<'crossEntropy'>, [x, weight, targets]: Arrays) => {
    const shape = inputs[1]!.shape;
    const nll = new Float64Array(targets!.length);
    const logSums = new Float64Array(targets!.length);
    targets!.forEach((target, token) => {
      const logits = logitsOf(x!, token, weight!, shape);
      logSums[token] = logSumExp(logits);
      nll[token] = logSums[token] - logits[checkedRow(target, shape[0]!, 'crossEntropy')]!;
    });
    return [nll, logSums];
  },

  crossEntropyBackward: ({ inputs }: Node<'crossEntropyBackward'>, arrays: Arrays) => {
    const [x, weight, targets, logSums, gradient] = arrays;
    const shape = inputs[1]!.shape;
    const { width } = rowsOf(shape);
    const dx = new Float64Array(x!.length);
    const dWeight = new Float64Array(weight!.length);
    targets!.forEach((target, token) => {
      checkedRow(target, shape[0]!, 'crossEntropyBackward');
      logitsOf(x!, token, weight!, shape).forEach((logit, id) => {
        const probability = Math.exp(logit - logSums![token]!);
        const dLogit = gradient![token]! * (probability - (id === target ? 1 : 0));
        for (let i = 0; i < width; i++) {
          dx[token * width + i]! += dLogit * weight![id * width + i]!;
          dWeight[id * width + i]! += dLogit * x![token * width + i]!;
        }
      });
    });
    return [dx, dWeight];
  },
} satisfies Partial<Rules>;
