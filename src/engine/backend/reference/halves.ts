/**
 * Half floats (IEEE binary16) in float64: which inputs of which operators are factors of matrix
 * products, and what rounding makes of them. What a fused operator multiplies that it has computed
 * itself (the probabilities of attention, the gradient of logits) stays as it is.
 */
import type { Node, OperatorName } from '../../graph/graph';

const FACTORS: Partial<Record<OperatorName, readonly number[]>> = {
  matmul: [0, 1],
  linear: [0, 1],
  attention: [0, 1, 2],
  attentionBackward: [0, 1, 2, 5],
  cachedAttention: [0, 1, 2, 3, 4],
  crossEntropy: [0, 1],
  crossEntropyBackward: [0, 1],
};

/** The node's inputs, those that it multiplies rounded to half floats. */
export function withHalfFactors(node: Node, inputs: readonly Float64Array[]): Float64Array[] {
  const factors = FACTORS[node.op] ?? [];
  return inputs.map((input, index) => (factors.includes(index) ? input.map(toHalf) : input));
}

/** The nearest half float, ties to even; infinite from 65520 on. */
function toHalf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude === 0 || Number.isNaN(x)) return x;
  if (magnitude >= 65520) return Math.sign(x) * Infinity;
  // Ten bits behind the leading one; below 2^-14 the spacing no longer shrinks.
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent -= 1;
  const spacing = 2 ** (Math.max(exponent, -14) - 10);
  const units = magnitude / spacing;
  const below = Math.floor(units);
  const up = units - below > 0.5 || (units - below === 0.5 && below % 2 === 1);
  return Math.sign(x) * (up ? below + 1 : below) * spacing;
}
