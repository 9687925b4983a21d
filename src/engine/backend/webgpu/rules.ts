/**
 * How each operator becomes dispatches, as one table. The rules of the large operators are in files of
 * their own, beside this one; the kernels themselves are in `kernels/`.
 */
import { applyRule, sameShape, stridesOf } from '../../graph/graph';
import type { Graph, Node, RuleTable, Value } from '../../graph/graph';
import { broadcastStrides, rowsOf } from '../layout';
import { attention } from './attentionRules';
import type { Traits } from './device';
import { elementwiseRules, findElementwise } from './elementwiseRules';
import { gather, insert, MOST_INSERTS, pad } from './kernels/gather';
import { softmax } from './kernels/softmax';
import { loss } from './lossRules';
import { Lowering } from './lowering';
import type { Dispatch, Lowered, LoweringOptions, Part } from './lowering';
import { normalization } from './normalizationRules';
import { optimizer } from './optimizerRules';
import { products } from './productRules';
import { reductions } from './reductionRules';
import { findResiduals } from './residuals';
import { findRowSisters } from './rowSisters';
import { findRopePairs } from './ropePairs';
import { findStacks } from './stacks';
import { findSumsOfSquares } from './sumsOfSquares';
import { findPatterns } from './uses';

export type Rules = RuleTable<[Lowering], void>;

const PATTERNS = [
  findSumsOfSquares,
  findRowSisters,
  findRopePairs,
  findResiduals,
  findElementwise,
  findStacks,
];

/** Throws `backend-compile` where an operator cannot be lowered on such a device. */
export function lower(graph: Graph, traits: Traits, options?: LoweringOptions): Lowered {
  const lowering = new Lowering(graph, traits, options);
  const found = findPatterns(graph, PATTERNS);
  for (const { before } of found) before?.(lowering);
  for (const node of graph.nodes) {
    const pattern = found.find(({ instead }) => instead.has(node));
    if (pattern) pattern.instead.get(node)!(lowering);
    else if (!found.some(({ absorbed }) => absorbed.has(node))) applyRule(rules, node, lowering);
  }
  return lowering.finish(assignParts);
}

type Lower<Name extends Node['op']> = (node: Node<Name>, lowering: Lowering) => void;

/** A copy that reads its input by `strides`. */
function rearranged(node: Node, lowering: Lowering, strides: readonly number[], start = 0): void {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const { kernel, workgroups } = gather(node.op, y.shape, strides, start, x.dtype);
  lowering.dispatch(kernel, [lowering.of(x)], [lowering.of(y)], workgroups);
}

function alongLast<Name extends 'softmax' | 'logSoftmax'>(name: Name): Lower<Name> {
  return ({ inputs: [x], outputs: [y] }, lowering) => {
    const { rows, width } = rowsOf(x!.shape);
    const { kernel, workgroups } = softmax(rows, width, name === 'logSoftmax');
    lowering.dispatch(kernel, [lowering.of(x!)], [lowering.of(y!)], workgroups);
  };
}

const leaf = (value: Value, lowering: Lowering, kind: 'input' | 'state', name: string): void =>
  lowering.leaf(value, kind === 'state' ? { kind, name } : { kind, name });

const rules: Rules = {
  input: ({ attributes: { name }, outputs: [y] }, lowering) => leaf(y!, lowering, 'input', name),
  state: ({ attributes: { name }, outputs: [y] }, lowering) => leaf(y!, lowering, 'state', name),
  constant: ({ attributes: { data }, outputs: [y] }, lowering) =>
    lowering.leaf(y!, { kind: 'constant', data }),

  reshape: ({ inputs: [x], outputs: [y] }, lowering) => lowering.alias(y!, lowering.of(x!)),
  transpose: (node, lowering) => {
    const strides = stridesOf(node.inputs[0]!.shape);
    rearranged(
      node,
      lowering,
      node.attributes.permutation.map((axis) => strides[axis]!),
    );
  },
  broadcast: (node, lowering) => {
    rearranged(node, lowering, broadcastStrides(node.inputs[0]!.shape, node.outputs[0]!.shape));
  },
  slice: (node, lowering) => {
    const strides = stridesOf(node.inputs[0]!.shape);
    const start = node.attributes.starts.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
    rearranged(node, lowering, strides, start);
  },
  pad: ({ inputs: [x], outputs: [y], attributes: { before } }, lowering) => {
    const { kernel, workgroups } = pad(x!.shape, y!.shape, before, x!.dtype);
    lowering.dispatch(kernel, [lowering.of(x!)], [lowering.of(y!)], workgroups);
  },
  concatenate: ({ inputs, outputs: [y], attributes: { axis } }, lowering) => {
    let start = 0;
    for (const x of inputs) {
      const { kernel, workgroups } = insert(x.shape, y!.shape, axis, start, x.dtype);
      lowering.dispatch(kernel, [lowering.of(x)], [lowering.of(y!)], workgroups);
      start += x.shape[axis]!;
    }
  },

  softmax: alongLast('softmax'),
  logSoftmax: alongLast('logSoftmax'),

  ...elementwiseRules,
  ...reductions,
  ...products,
  ...normalization,
  ...attention,
  ...loss,
  ...optimizer,
};

/** Parts of states, those of one shape and place together: one token's keys and values of all layers. */
function assignParts(parts: readonly Part[], lowering: Lowering): Dispatch[] {
  const groups: Part[][] = [];
  for (const part of parts) {
    const open = groups.find((group) => group.length < MOST_INSERTS && isAlike(group[0]!, part));
    if (open) open.push(part);
    else groups.push([part]);
  }
  return groups.map((group) => {
    const [{ shape, value, axis, offset }] = group as [Part];
    const { kernel, workgroups } = insert(value.shape, shape, axis, 'offset', 'f32', group.length);
    const from = group.map((each) => each.from);
    return {
      ...{ kernel, workgroups, reads: [...from, lowering.of(offset)] },
      writes: group.map(({ state }) => state),
      work: from.reduce((sum, { size }) => sum + size, 0),
    };
  });
}

const isAlike = (one: Part, other: Part): boolean =>
  one.axis === other.axis &&
  one.offset === other.offset &&
  sameShape(one.shape, other.shape) &&
  sameShape(one.value.shape, other.value.shape);
