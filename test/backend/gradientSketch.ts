/** The two graphs of a case: the operator alone, and a loss over it with its gradients. */
import type { Graph, OperatorName, Value } from '../../src/engine/graph/graph';
import type { Case } from './cases';
import { Sketch } from './sketch';

/** Whether a gradient flows through the operator; `refused` ones say so when asked. */
export const flow: Readonly<Record<OperatorName, 'flows' | 'stops' | 'refused'>> = {
  input: 'stops',
  state: 'flows',
  constant: 'stops',
  add: 'flows',
  subtract: 'flows',
  multiply: 'flows',
  divide: 'flows',
  maximum: 'flows',
  minimum: 'flows',
  less: 'stops',
  negate: 'flows',
  exp: 'flows',
  log: 'flows',
  sqrt: 'flows',
  tanh: 'flows',
  sigmoid: 'flows',
  isFinite: 'stops',
  select: 'flows',
  toFloat: 'stops',
  reshape: 'flows',
  transpose: 'flows',
  broadcast: 'flows',
  slice: 'flows',
  pad: 'flows',
  concatenate: 'flows',
  sum: 'flows',
  max: 'refused',
  softmax: 'flows',
  logSoftmax: 'flows',
  matmul: 'flows',
  embedding: 'flows',
  embeddingBackward: 'refused',
  linear: 'flows',
  rmsNorm: 'flows',
  rmsNormBackward: 'refused',
  rope: 'flows',
  attention: 'flows',
  attentionBackward: 'refused',
  cachedAttention: 'refused',
  swiglu: 'flows',
  swigluBackward: 'refused',
  crossEntropy: 'flows',
  crossEntropyBackward: 'refused',
  adamw: 'refused',
};

export function forwardSketch(one: Case): { sketch: Sketch; graph: Graph } {
  const sketch = new Sketch();
  one.build(sketch).forEach((value, i) => sketch.graph.output(`output${i}`, value));
  return { sketch, graph: sketch.graph.build() };
}

export function gradientSketch(one: Case): { sketch: Sketch; graph: Graph } {
  const { sketch, loss } = lossOf(one);
  sketch.outputGradients(loss);
  return { sketch, graph: sketch.graph.build() };
}

/** The same loss without its gradients. */
export function lossSketch(one: Case): { sketch: Sketch; graph: Graph } {
  const { sketch, loss } = lossOf(one);
  sketch.graph.output('loss', loss);
  return { sketch, graph: sketch.graph.build() };
}

function lossOf(one: Case): { sketch: Sketch; loss: Value } {
  const sketch = new Sketch();
  const outputs = one.build(sketch);
  // Second outputs (log-sum-exp, inverse root mean square) carry no gradient.
  const first = outputs.filter((value) => sketch.graph.producer(value).outputs[0] === value);
  return { sketch, loss: sketch.lossOf(first) };
}
