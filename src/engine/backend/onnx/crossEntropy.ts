/**
 * Output projection with cross-entropy as ONNX operators. The log-probabilities of the forward pass
 * are kept for the backward pass.
 */
import type { Node } from '../../graph/graph';
import type { Lowering } from './loweringContext';

export function lowerCrossEntropy(node: Node<'crossEntropy'>, lowering: Lowering): void {
  const { emit } = lowering;
  const [x, weight, targets] = node.inputs;
  const [nll, logSumExp] = node.outputs;
  const logits = emit.node('Gemm', [lowering.of(x!), lowering.of(weight!)], { transB: 1 });
  const logProbabilities = emit.node('LogSoftmax', [logits], { axis: -1 });
  emit.keep(`log-probabilities ${x!.id} ${weight!.id}`, logProbabilities);
  const column = columnOf(lowering, node.inputs[2]!.id, lowering.of(targets!), x!.shape[0]!);
  const chosen = emit.node('GatherElements', [logProbabilities, column], { axis: 1 });
  const negated = emit.node('Neg', [chosen]);
  lowering.set(nll!, emit.reshape(negated, nll!.shape));

  const { consumers, exported } = lowering.fusions;
  const users = consumers.get(logSumExp!.id) ?? [];
  if (exported.has(logSumExp!.id) || users.some((user) => user.op !== 'crossEntropyBackward')) {
    const sums = emit.node('ReduceLogSumExp', [logits, emit.longs([1])], { keepdims: 0 });
    lowering.set(logSumExp!, sums);
  }
}

export function lowerCrossEntropyBackward(
  node: Node<'crossEntropyBackward'>,
  lowering: Lowering,
): void {
  const { emit } = lowering;
  const [x, weight, targets, logSumExp, gradient] = node.inputs;
  const [dx, dWeight] = node.outputs;
  const tokens = x!.shape[0]!;
  const [xName, weightName] = [lowering.of(x!), lowering.of(weight!)];
  const logProbabilities = emit.once(`log-probabilities ${x!.id} ${weight!.id}`, () => {
    const logits = emit.node('Gemm', [xName, weightName], { transB: 1 });
    return emit.node('Sub', [logits, emit.reshape(lowering.of(logSumExp!), [tokens, 1])]);
  });
  // d logits = g (softmax - one-hot of the target)
  const g = emit.reshape(lowering.of(gradient!), [tokens, 1]);
  const spread = emit.node('Mul', [emit.node('Exp', [logProbabilities]), g]);
  const column = columnOf(lowering, targets!.id, lowering.of(targets!), tokens);
  const dLogits = emit.node('ScatterElements', [spread, column, emit.node('Neg', [g])], {
    axis: 1,
    reduction: 'add',
  });
  lowering.set(dx!, emit.node('Gemm', [dLogits, weightName]));
  lowering.set(dWeight!, emit.node('Gemm', [dLogits, xName], { transA: 1 }));
}

function columnOf(lowering: Lowering, id: number, name: string, rows: number): string {
  return lowering.emit.once(`column ${id}`, () => lowering.emit.reshape(name, [rows, 1]));
}
