/**
 * The gradient of each operator, as more nodes of the same graph: given a node and the gradients of
 * its outputs, a rule yields the gradients of its inputs. Rules call the builder only, so that every
 * backend that can run the operators can train. Backward operators have no gradient themselves:
 * second derivatives are not covered.
 */
import { GlassboxError } from '../../base/errors';
import type { GraphBuilder } from './builder';
import type { Node, RuleTable, Value } from './operators';
import { stretchedAxes } from './shapes';

type Gradient = Value | undefined;
/** One gradient an input, undefined where none flows (ids, positions). */
type Rule = [graph: GraphBuilder, gradients: readonly Gradient[]];

/** Sums a gradient back to the shape that broadcasting stretched. */
function unbroadcast(graph: GraphBuilder, gradient: Value, target: Value): Value {
  const axes = stretchedAxes(target.shape, gradient.shape);
  const summed = axes.length > 0 ? graph.sum(gradient, axes) : gradient;
  return graph.reshape(summed, target.shape);
}

function none(): Gradient[] {
  return [];
}

function refuse(node: Node): never {
  throw new GlassboxError(
    'graph-gradient',
    `${node.op} has no gradient: take the loss from values before it, or freeze what leads there.`,
    { details: { operator: node.op } },
  );
}

export const gradientRules: RuleTable<Rule, Gradient[]> = {
  input: none,
  state: none,
  constant: none,
  less: none,
  isFinite: none,
  toFloat: none,

  add: ({ inputs: [a, b] }, graph, [g]) => [unbroadcast(graph, g!, a!), unbroadcast(graph, g!, b!)],
  subtract: ({ inputs: [a, b] }, graph, [g]) => [
    unbroadcast(graph, g!, a!),
    unbroadcast(graph, graph.negate(g!), b!),
  ],
  multiply: ({ inputs: [a, b] }, graph, [g]) => [
    unbroadcast(graph, graph.multiply(g!, b!), a!),
    unbroadcast(graph, graph.multiply(g!, a!), b!),
  ],
  divide: ({ inputs: [a, b], outputs: [y] }, graph, [g]) => {
    const da = graph.divide(g!, b!);
    return [
      unbroadcast(graph, da, a!),
      unbroadcast(graph, graph.negate(graph.multiply(da, y!)), b!),
    ];
  },
  // Where both are equal, the gradient goes to the second.
  maximum: ({ inputs: [a, b] }, graph, [g]) => chosen(graph, g!, a!, b!, graph.less(b!, a!)),
  minimum: ({ inputs: [a, b] }, graph, [g]) => chosen(graph, g!, a!, b!, graph.less(a!, b!)),
  negate: (_, graph, [g]) => [graph.negate(g!)],
  exp: ({ outputs: [y] }, graph, [g]) => [graph.multiply(g!, y!)],
  log: ({ inputs: [x] }, graph, [g]) => [graph.divide(g!, x!)],
  sqrt: ({ outputs: [y] }, graph, [g]) => [graph.divide(graph.scale(g!, 0.5), y!)],
  tanh: ({ outputs: [y] }, graph, [g]) => [
    graph.multiply(g!, graph.subtract(graph.scalar(1), graph.multiply(y!, y!))),
  ],
  sigmoid: ({ outputs: [y] }, graph, [g]) => [
    graph.multiply(g!, graph.multiply(y!, graph.subtract(graph.scalar(1), y!))),
  ],

  select: ({ inputs: [condition, a, b] }, graph, [g]) => {
    const none = graph.scalar(0);
    return [
      undefined,
      unbroadcast(graph, graph.select(condition!, g!, none), a!),
      unbroadcast(graph, graph.select(condition!, none, g!), b!),
    ];
  },

  reshape: ({ inputs: [x] }, graph, [g]) => [graph.reshape(g!, x!.shape)],
  transpose: ({ attributes }, graph, [g]) => {
    const inverse = attributes.permutation.map((_, axis) => attributes.permutation.indexOf(axis));
    return [graph.transpose(g!, inverse)];
  },
  broadcast: ({ inputs: [x] }, graph, [g]) => [unbroadcast(graph, g!, x!)],
  slice: ({ inputs: [x], attributes }, graph, [g]) => [graph.pad(g!, attributes.starts, x!.shape)],
  pad: ({ inputs: [x], attributes }, graph, [g]) => [graph.slice(g!, attributes.before, x!.shape)],
  concatenate: ({ inputs, attributes: { axis } }, graph, [g]) => {
    let start = 0;
    return inputs.map((x) => {
      const starts = x.shape.map((_, i) => (i === axis ? start : 0));
      start += x.shape[axis]!;
      return graph.slice(g!, starts, x.shape);
    });
  },

  sum: ({ inputs: [x] }, graph, [g]) => [graph.broadcast(g!, x!.shape)],
  max: refuse,
  softmax: ({ outputs: [y] }, graph, [g]) => {
    const weighted = graph.multiply(g!, y!);
    const total = graph.sum(weighted, [y!.shape.length - 1]);
    return [graph.subtract(weighted, graph.multiply(y!, total))];
  },
  logSoftmax: ({ outputs: [y] }, graph, [g]) => {
    const total = graph.sum(g!, [y!.shape.length - 1]);
    return [graph.subtract(g!, graph.multiply(graph.exp(y!), total))];
  },

  matmul: ({ inputs: [a, b], attributes }, graph, [g]) => {
    const { transposeA, transposeB, scale } = attributes;
    const da = transposeA
      ? graph.matmul(b!, g!, { transposeA: transposeB, transposeB: true, scale })
      : graph.matmul(g!, b!, { transposeB: !transposeB, scale });
    const db = transposeB
      ? graph.matmul(g!, a!, { transposeA: true, transposeB: transposeA, scale })
      : graph.matmul(a!, g!, { transposeA: !transposeA, scale });
    return [unbroadcast(graph, da, a!), unbroadcast(graph, db, b!)];
  },
  embedding: ({ inputs: [table, ids] }, graph, [g]) => [
    graph.embeddingBackward(ids!, g!, table!.shape[0]!),
    undefined,
  ],
  linear: ({ inputs, attributes }, graph, [g]) => {
    const [x, weight, third] = inputs;
    const inner = weight!.shape[1]!;
    const outputs = weight!.shape[0]!;
    const flatG = graph.reshape(g!, [
      g!.shape.reduce((n, length) => n * length, 1) / outputs,
      outputs,
    ]);
    const flatX = graph.reshape(x!, [flatG.shape[0]!, inner]);
    const dx = graph.reshape(graph.matmul(flatG, weight!), x!.shape);
    const dWeight = graph.matmul(flatG, flatX, { transposeA: true });
    const dBias = attributes.bias ? graph.reshape(graph.sum(flatG, [0]), third!.shape) : undefined;
    return [dx, dWeight, ...(dBias ? [dBias] : []), ...(attributes.residual ? [g] : [])];
  },
  rmsNorm: ({ inputs: [x, weight], outputs: [, inverseRms] }, graph, [g, gInverse]) => {
    refuseSecond(gInverse, 'rmsNorm’s inverse root mean square');
    return graph.rmsNormBackward(x!, weight!, inverseRms!, g!);
  },
  rope: ({ inputs: [, positions, cosine, sine], attributes }, graph, [g]) => [
    graph.rope(g!, positions!, cosine!, sine!, !attributes.inverse),
    undefined,
    undefined,
    undefined,
  ],
  attention: (node, graph, [g, gLogSumExp]) => {
    refuseSecond(gLogSumExp, 'attention’s log-sum-exp');
    const [q, k, v, segments] = node.inputs;
    const [out, logSumExp] = node.outputs;
    const options = { scale: node.attributes.scale, ...(segments ? { segments } : {}) };
    const forward = { q: q!, k: k!, v: v!, out: out!, logSumExp: logSumExp! };
    return graph.attentionBackward(forward, g!, options);
  },
  swiglu: ({ inputs: [gate, up] }, graph, [g]) => graph.swigluBackward(gate!, up!, g!),
  crossEntropy: ({ inputs: [x, weight, targets], outputs }, graph, [g, gLogSumExp]) => {
    refuseSecond(gLogSumExp, 'cross-entropy’s log-sum-exp');
    const forward = { x: x!, weight: weight!, targets: targets!, logSumExp: outputs[1]! };
    return graph.crossEntropyBackward(forward, g!);
  },

  embeddingBackward: refuse,
  rmsNormBackward: refuse,
  attentionBackward: refuse,
  cachedAttention: refuse,
  swigluBackward: refuse,
  crossEntropyBackward: refuse,
  adamw: refuse,
};

function chosen(graph: GraphBuilder, g: Value, a: Value, b: Value, first: Value): Gradient[] {
  const toFirst = graph.multiply(g, first);
  return [unbroadcast(graph, toFirst, a), unbroadcast(graph, graph.subtract(g, toFirst), b)];
}

/** The second outputs exist for the backward pass; nothing may be learnt through them. */
function refuseSecond(gradient: Gradient, what: string): void {
  if (!gradient) return;
  throw new GlassboxError('graph-gradient', `No gradient flows through ${what}.`);
}
