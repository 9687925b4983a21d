/**
 * Lowers a graph to ONNX: one rule an operator. What onnxruntime's CPU provider has as one fast
 * operator (com.microsoft's included) is used as such; the rest is spelled out. A forward operator
 * keeps what its backward operator will need (softmax probabilities, sigmoids), so that nothing is
 * computed twice. AdamW is not lowered: the program runs it after the session (see `program.ts`).
 */
import { applyRule, sizeOf } from '../../graph/graph';
import type { Graph, Node, RuleTable, Value } from '../../graph/graph';
import { lowerAttention, lowerAttentionBackward, lowerCachedAttention } from './attention';
import { lowerCrossEntropy, lowerCrossEntropyBackward } from './crossEntropy';
import { Lowering } from './loweringContext';

const MICROSOFT = { domain: 'com.microsoft' } as const;

/** All of a graph but what `findFusions` gives to another node. Throws `backend-compile`. */
export function lower(graph: Graph): Lowering {
  const lowering = new Lowering(graph);
  for (const node of graph.nodes) {
    if (!lowering.fusions.absorbed.has(node)) applyRule(rules, node, lowering);
  }
  return lowering;
}

type Lower<Name extends Node['op']> = (node: Node<Name>, lowering: Lowering) => void;

function elementwise<Name extends Node['op']>(operator: string): Lower<Name> {
  return ({ inputs, outputs: [y] }, lowering) => {
    const names = inputs.map((input) => lowering.of(input));
    lowering.set(y!, lowering.emit.node(operator, names));
  };
}

function alongLast<Name extends Node['op']>(operator: string): Lower<Name> {
  return ({ inputs: [x], outputs: [y] }, lowering) =>
    lowering.set(y!, lowering.emit.node(operator, [lowering.of(x!)], { axis: -1 }));
}

const rules: RuleTable<[Lowering], void> = {
  input: ({ attributes, outputs: [y] }, lowering) => lowering.set(y!, inputName(attributes.name)),
  state: ({ attributes, outputs: [y] }, lowering) => lowering.set(y!, stateName(attributes.name)),
  constant: ({ attributes: { data }, outputs: [y] }, lowering) => {
    const { emit } = lowering;
    const name =
      data instanceof Float32Array ? emit.floats(data, y!.shape) : emit.ints(data, y!.shape);
    lowering.set(y!, name);
  },

  add: (node, lowering) => {
    const { emit, fusions } = lowering;
    const product = fusions.accumulations.get(node);
    const scatter = fusions.scatters.get(node);
    if (product) {
      const { matmul, onto } = product;
      const [a, b] = matmul.inputs;
      const { transposeA, transposeB, scale } = matmul.attributes;
      const inputs = [lowering.of(a!), lowering.of(b!), lowering.of(onto)];
      const attributes = { transA: +transposeA, transB: +transposeB, alpha: { float: scale } };
      lowering.set(node.outputs[0]!, emit.node('Gemm', inputs, attributes));
    } else if (scatter) {
      const { embedding, onto } = scatter;
      lowering.set(node.outputs[0]!, scatterRows(lowering, embedding, lowering.of(onto)));
    } else {
      elementwise<'add'>('Add')(node, lowering);
    }
  },
  subtract: elementwise('Sub'),
  multiply: elementwise('Mul'),
  divide: elementwise('Div'),
  maximum: elementwise('Max'),
  minimum: elementwise('Min'),
  less: ({ inputs: [a, b], outputs: [y] }, lowering) => {
    const less = lowering.emit.node('Less', [lowering.of(a!), lowering.of(b!)]);
    lowering.set(y!, lowering.emit.node('Cast', [less], { to: 1 }));
  },
  negate: elementwise('Neg'),
  exp: elementwise('Exp'),
  log: elementwise('Log'),
  sqrt: elementwise('Sqrt'),
  tanh: elementwise('Tanh'),
  sigmoid: elementwise('Sigmoid'),
  isFinite: ({ inputs: [x], outputs: [y] }, lowering) => {
    const { emit } = lowering;
    const name = lowering.of(x!);
    const either = emit.node('Or', [emit.node('IsInf', [name]), emit.node('IsNaN', [name])]);
    lowering.set(y!, emit.node('Cast', [emit.node('Not', [either])], { to: 1 }));
  },
  select: ({ inputs: [condition, a, b], outputs: [y] }, lowering) => {
    const { emit } = lowering;
    // 9: the type bool.
    const holds = emit.node('Cast', [lowering.of(condition!)], { to: 9 });
    lowering.set(y!, emit.node('Where', [holds, lowering.of(a!), lowering.of(b!)]));
  },
  toFloat: ({ inputs: [x], outputs: [y] }, lowering) =>
    lowering.set(y!, lowering.emit.node('Cast', [lowering.of(x!)], { to: 1 })),

  reshape: ({ inputs: [x], outputs: [y] }, lowering) =>
    lowering.set(y!, lowering.emit.reshape(lowering.of(x!), y!.shape)),
  transpose: ({ inputs: [x], outputs: [y], attributes: { permutation } }, lowering) =>
    lowering.set(y!, lowering.emit.node('Transpose', [lowering.of(x!)], { perm: permutation })),
  broadcast: ({ inputs: [x], outputs: [y] }, lowering) => {
    const inputs = [lowering.of(x!), lowering.emit.longs(y!.shape)];
    lowering.set(y!, lowering.emit.node('Expand', inputs));
  },
  slice: ({ inputs: [x], outputs: [y], attributes: { starts } }, lowering) => {
    const { emit } = lowering;
    const ends = starts.map((start, axis) => start + y!.shape[axis]!);
    const inputs = [lowering.of(x!), emit.longs(starts), emit.longs(ends)];
    lowering.set(y!, emit.node('Slice', inputs));
  },
  pad: ({ inputs: [x], outputs: [y], attributes: { before } }, lowering) => {
    const after = before.map((each, axis) => y!.shape[axis]! - each - x!.shape[axis]!);
    const inputs = [lowering.of(x!), lowering.emit.longs([...before, ...after])];
    lowering.set(y!, lowering.emit.node('Pad', inputs));
  },
  concatenate: ({ inputs, outputs: [y], attributes: { axis } }, lowering) => {
    const names = inputs.map((input) => lowering.of(input));
    lowering.set(y!, lowering.emit.node('Concat', names, { axis }));
  },

  sum: (node, lowering) => {
    const { emit, fusions } = lowering;
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const squared = fusions.squares.get(node);
    const operator = squared ? 'ReduceSumSquare' : 'ReduceSum';
    const name = lowering.of(squared ?? x);
    // A flattened square is summed whole: in its own shape, over all axes.
    if (squared && squared.shape.length !== x.shape.length) {
      lowering.set(y, emit.reshape(emit.node(operator, [name], { keepdims: 0 }), y.shape));
    } else {
      const axes = emit.longs(node.attributes.axes);
      lowering.set(y, emit.node(operator, [name, axes], { keepdims: 1 }));
    }
  },
  max: ({ inputs: [x], outputs: [y], attributes: { axes } }, lowering) => {
    const inputs = [lowering.of(x!), lowering.emit.longs(axes)];
    lowering.set(y!, lowering.emit.node('ReduceMax', inputs, { keepdims: 1 }));
  },
  softmax: alongLast('Softmax'),
  logSoftmax: alongLast('LogSoftmax'),

  matmul: ({ inputs: [a, b], outputs: [y], attributes }, lowering) => {
    const { transposeA, transposeB, scale } = attributes;
    const flags = { transA: +transposeA, transB: +transposeB, alpha: { float: scale } };
    const inputs = [lowering.of(a!), lowering.of(b!)];
    lowering.set(y!, lowering.emit.node('FusedMatMul', inputs, flags, MICROSOFT));
  },
  embedding: ({ inputs: [table, ids], outputs: [y] }, lowering) => {
    const inputs = [lowering.of(table!), lowering.of(ids!)];
    lowering.set(y!, lowering.emit.node('Gather', inputs, { axis: 0 }));
  },
  embeddingBackward: (node, lowering) => {
    const { emit } = lowering;
    const shape = emit.longs(node.outputs[0]!.shape);
    lowering.set(
      node.outputs[0]!,
      scatterRows(lowering, node, emit.node('ConstantOfShape', [shape])),
    );
  },

  linear: ({ inputs, outputs: [y], attributes }, lowering) => {
    const { emit } = lowering;
    const [x, weight, ...extra] = inputs;
    const [outputs, inner] = weight!.shape;
    const rows = sizeOf(x!.shape) / inner!;
    const flat = (value: Value, width: number) =>
      value.shape.length === 2
        ? lowering.of(value)
        : emit.reshape(lowering.of(value), [rows, width]);
    const residual = attributes.residual ? extra.at(-1) : undefined;
    const bias = attributes.bias ? extra[0] : undefined;
    const addend = residual ? flat(residual, outputs!) : bias && lowering.of(bias);
    const operands = [flat(x!, inner!), lowering.of(weight!), ...(addend ? [addend] : [])];
    let result = emit.node('Gemm', operands, { transB: 1 });
    if (bias && residual) result = emit.node('Add', [result, lowering.of(bias)]);
    lowering.set(y!, y!.shape.length === 2 ? result : emit.reshape(result, y!.shape));
  },

  rmsNorm: ({ inputs: [x, weight], outputs: [y, inverseRms], attributes }, lowering) => {
    const { emit } = lowering;
    const names = [emit.name(), emit.name()];
    emit.nodeWith('SimplifiedLayerNormalization', [lowering.of(x!), lowering.of(weight!)], names, {
      axis: -1,
      epsilon: { float: attributes.epsilon },
    });
    lowering.set(y!, names[0]!);
    lowering.set(inverseRms!, names[1]!);
  },
  rmsNormBackward: ({ inputs, outputs: [dx, dWeight] }, lowering) => {
    const { emit } = lowering;
    const [x, weight, inverseRms, gradient] = inputs.map((input) => lowering.of(input));
    const normalized = emit.node('Mul', [x!, inverseRms!]);
    const toWeight = emit.node('Mul', [gradient!, normalized]);
    const leading = inputs[0]!.shape.slice(0, -1).map((_, axis) => axis);
    const summed = emit.node('ReduceSum', [toWeight, emit.longs(leading)], { keepdims: 0 });
    // dx = (g w - n mean(g w n)) / rms, where n is the normalised x.
    const scaled = emit.node('Mul', [gradient!, weight!]);
    // The mean over the width as a product with w / W: one pass over the tokens instead of two.
    const width = inputs[1]!.shape[0]!;
    const column = emit.reshape(weight!, [width, 1]);
    const flags = { transA: 0, transB: 0, alpha: { float: 1 / width } };
    const along = emit.node('FusedMatMul', [toWeight, column], flags, MICROSOFT);
    const removed = emit.node('Mul', [normalized, along]);
    const difference = emit.node('Sub', [scaled, removed]);
    lowering.set(dx!, emit.node('Mul', [difference, inverseRms!]));
    lowering.set(dWeight!, summed);
  },

  rope: ({ inputs, outputs: [y], attributes }, lowering) => {
    const { emit } = lowering;
    const [x, positions, cosine, sine] = inputs;
    const [rows, tokens, heads, width] = x!.shape;
    const turned = attributes.inverse
      ? emit.once(`inverse ${sine!.id}`, () => emit.node('Neg', [lowering.of(sine!)]))
      : lowering.of(sine!);
    const flat = emit.reshape(lowering.of(x!), [rows!, tokens!, heads! * width!]);
    const operands = [flat, lowering.asLong(positions!), lowering.of(cosine!), turned];
    const result = emit.node('RotaryEmbedding', operands, {}, MICROSOFT);
    lowering.set(y!, emit.reshape(result, y!.shape));
  },

  attention: lowerAttention,
  attentionBackward: lowerAttentionBackward,
  cachedAttention: lowerCachedAttention,

  swiglu: ({ inputs: [gate, up], outputs: [y] }, lowering) => {
    const { emit } = lowering;
    const sigmoid = emit.node('Sigmoid', [lowering.of(gate!)]);
    const silu = emit.node('Mul', [lowering.of(gate!), sigmoid]);
    emit.keep(`sigmoid ${gate!.id}`, sigmoid);
    emit.keep(`silu ${gate!.id}`, silu);
    lowering.set(y!, emit.node('Mul', [silu, lowering.of(up!)]));
  },
  swigluBackward: ({ inputs: [gate, up, gradient], outputs: [dGate, dUp] }, lowering) => {
    const { emit } = lowering;
    const g = lowering.of(gradient!);
    const sigmoid = emit.once(`sigmoid ${gate!.id}`, () =>
      emit.node('Sigmoid', [lowering.of(gate!)]),
    );
    const silu = emit.once(`silu ${gate!.id}`, () =>
      emit.node('Mul', [lowering.of(gate!), sigmoid]),
    );
    lowering.set(dUp!, emit.node('Mul', [g, silu]));
    // silu' = s + silu (1 - s)
    const rest = emit.node('Sub', [emit.scalar(1), sigmoid]);
    const slope = emit.node('Add', [emit.node('Mul', [silu, rest]), sigmoid]);
    const toSilu = emit.node('Mul', [g, lowering.of(up!)]);
    lowering.set(dGate!, emit.node('Mul', [toSilu, slope]));
  },

  crossEntropy: lowerCrossEntropy,
  crossEntropyBackward: lowerCrossEntropyBackward,

  // Run by the program after the session, on the gradients that the session gave.
  adamw: () => undefined,
};

function scatterRows(lowering: Lowering, node: Node<'embeddingBackward'>, onto: string): string {
  const { emit } = lowering;
  const [ids, gradient] = node.inputs;
  const count = sizeOf(ids!.shape);
  const indices = emit.once(`rows ${ids!.id}`, () =>
    emit.reshape(lowering.asLong(ids!), [count, 1]),
  );
  const updates = emit.reshape(lowering.of(gradient!), [count, gradient!.shape.at(-1)!]);
  return emit.node('ScatterND', [onto, indices, updates], { reduction: 'add' });
}

export const inputName = (name: string): string => `input ${name}`;
export const stateName = (name: string): string => `state ${name}`;
