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
  if (from.shape[1] === 1) {
    lowering.alias(to, lowering.of(from));
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

  cachedAttention: ({ inputs, outputs, attributes: { scale } }, lowering) => {
    const shape = shapeOf(inputs[0]!, inputs[1]!, scale);
    const capacity = inputs[3]!.shape[2]!;
    const reads = inputs.map((input) => lowering.of(input));
    const [out, newK, newV] = outputs;
    headsFirst(inputs[1]!, newK!, lowering);
    headsFirst(inputs[2]!, newV!, lowering);
    if (shape.tokens > 1) {
      const { subgroups } = lowering.traits;
      const { kernel, workgroups } = forward(shape, { subgroups, cached: capacity });
      const work = 2 * workOf(shape, capacity);
      lowering.dispatch(kernel, reads, [lowering.of(out!)], workgroups, work);
      return;
    }
    const { kernel, workgroups, parts } = cachedAttention(shape, capacity);
    if (parts === 1) {
      lowering.dispatch(kernel, reads, [lowering.of(out!)], workgroups);
      return;
    }
    const offset = reads.at(-1)!;
    const mixed = lowering.temporary(
      parts * shape.rows * shape.heads * Math.ceil(shape.width / 4) * 4,
    );
    const sums = lowering.temporary(parts * shape.rows * shape.heads * 2);
    lowering.dispatch(kernel, reads, [mixed, sums], workgroups);
    const combine = combineParts(shape, capacity);
    lowering.dispatch(
      combine.kernel,
      [mixed, sums, offset],
      [lowering.of(out!)],
      combine.workgroups,
    );
  },
} satisfies Partial<Rules>;
