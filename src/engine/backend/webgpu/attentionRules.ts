/** Rotary positions and attention: whole rows with their gradient, and new tokens against a cache. */
import { stridesOf } from '../../graph/graph';
import type { Value } from '../../graph/graph';
import { attention as forward } from './kernels/attention';
import { attentionKeys, attentionPairs, attentionQueries } from './kernels/attentionBackward';
import type { AttentionShape } from './kernels/attentionLanes';
import { cachedAttention, combineParts } from './kernels/cachedAttention';
import { gather } from './kernels/gather';
import type { Lowering } from './lowering';
import { lowerTurns } from './ropePairs';
import type { Rules } from './rules';

function shapeOf(q: Value, k: Value, scale: number): AttentionShape {
  const [rows, tokens, heads, width] = q.shape;
  return {
    rows: rows!,
    tokens: tokens!,
    heads: heads!,
    keyHeads: k.shape[2]!,
    width: width!,
    scale,
  };
}

/** Multiply-adds of one product of queries and keys, of which causal attention takes half the pairs. */
function workOf({ rows, tokens, heads, width }: AttentionShape, keys = tokens): number {
  return (rows * heads * width * tokens * keys) / (keys === tokens ? 2 : 1);
}

/** [B, T, K, D] -> [B, K, T, D]. */
function headsFirst(from: Value, to: Value, lowering: Lowering): void {
  const tensor = lowering.of(from);
  // A state may change before it is read.
  if (from.shape[1] === 1 && tensor.from.kind === 'computed') {
    lowering.alias(to, tensor);
    return;
  }
  const [row, token, head, element] = stridesOf(from.shape);
  const strides = [row!, head!, token!, element!];
  const { kernel, workgroups } = gather('heads first', to.shape, strides, 0, 'f32');
  lowering.dispatch(kernel, [lowering.of(from)], [lowering.of(to)], workgroups);
}

export const attention = {
  rope: (node, lowering) => lowerTurns([node], lowering),

  attention: ({ inputs, outputs, attributes: { scale, segments } }, lowering) => {
    const { subgroups } = lowering.traits;
    const shape = shapeOf(inputs[0]!, inputs[1]!, scale);
    const { kernel, workgroups } = forward(shape, { subgroups, segments });
    const [reads, writes] = [inputs, outputs].map((values) =>
      values.map((value) => lowering.of(value)),
    );
    lowering.dispatch(kernel, reads!, writes!, workgroups, 2 * workOf(shape));
  },

  attentionBackward: ({ inputs, outputs, attributes: { scale, segments } }, lowering) => {
    const { subgroups } = lowering.traits;
    const shape = shapeOf(inputs[0]!, inputs[1]!, scale);
    const [q, k, v, out, logSums, gradient, ids] = inputs.map((input) => lowering.of(input));
    const [dq, dk, dv] = outputs.map((output) => lowering.of(output));
    const pairs = lowering.temporary(2 * logSums!.size);
    const first = attentionPairs(shape);
    lowering.dispatch(first.kernel, [out!, gradient!, logSums!], [pairs], first.workgroups);
    const reads = [q!, k!, v!, gradient!, pairs, ...(ids ? [ids] : [])];
    const queries = attentionQueries(shape, { subgroups, segments });
    lowering.dispatch(queries.kernel, reads, [dq!], queries.workgroups, 3 * workOf(shape));
    const keys = attentionKeys(shape, { subgroups, segments });
    lowering.dispatch(keys.kernel, reads, [dk!, dv!], keys.workgroups, 4 * workOf(shape));
  },

  cachedAttention: (node, lowering) => {
    const { inputs, outputs, attributes } = node;
    const [q, k, v, cachedK, cachedV, offset] = inputs;
    const [out, newK, newV] = outputs;
    const shape = shapeOf(q!, k!, attributes.scale);
    const capacity = cachedK!.shape[2]!;
    const [own, caches] = [
      [q!, k!, v!],
      [cachedK!, cachedV!],
    ].map((values) => values.map((value) => lowering.of(value)));
    const at = lowering.of(offset!);
    headsFirst(k!, newK!, lowering);
    headsFirst(v!, newV!, lowering);
    if (shape.tokens > 1) {
      const { subgroups } = lowering.traits;
      const { kernel, workgroups } = forward(shape, { subgroups, cached: capacity });
      const work = 2 * workOf(shape, capacity);
      lowering.dispatch(kernel, [...own!, ...caches!, at], [lowering.of(out!)], workgroups, work);
      return;
    }
    const goes = { axis: 2, offset: offset! };
    const kept =
      lowering.replacesPart(node, cachedK!, newK!, goes) &&
      lowering.replacesPart(node, cachedV!, newV!, goes);
    if (kept) for (const cache of [cachedK!, cachedV!]) lowering.replacePart(cache);
    const reads = [...own!, ...(kept ? [] : caches!), at];
    const first = kept ? caches! : [];
    const { kernel, workgroups, parts } = cachedAttention(shape, capacity, { kept });
    if (parts === 1) {
      lowering.dispatch(kernel, reads, [...first, lowering.of(out!)], workgroups);
      return;
    }
    const mixed = lowering.temporary(
      parts * shape.rows * shape.heads * Math.ceil(shape.width / 4) * 4,
    );
    const sums = lowering.temporary(parts * shape.rows * shape.heads * 2);
    lowering.dispatch(kernel, reads, [...first, mixed, sums], workgroups);
    const combine = combineParts(shape, capacity);
    lowering.dispatch(combine.kernel, [mixed, sums, at], [lowering.of(out!)], combine.workgroups);
  },
} satisfies Partial<Rules>;
