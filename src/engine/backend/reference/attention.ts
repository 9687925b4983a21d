/**
 * Causal attention with grouped heads (Vaswani et al., 2017; Ainslie et al., "GQA", 2023), its
 * gradient from the saved log-sum-exp (Dao et al., "FlashAttention", 2022, appendix B), attention to
 * a cache, and rotary positions (Su et al., "RoFormer", 2021) as Hugging Face pairs them: element i
 * of a head turns together with element i + D/2.
 */
import { GlassboxError } from '../../../base/errors';
import type { Node, Shape } from '../../graph/graph';
import { logSumExp } from './normalization';
import { checkedRow } from './rule';
import type { Rules } from './rule';

type Arrays = readonly Float64Array[];

/** The lengths of a tensor [B, T, heads, D]. */
function headsOf(shape: Shape): { rows: number; tokens: number; heads: number; width: number } {
  return { rows: shape[0]!, tokens: shape[1]!, heads: shape[2]!, width: shape[3]! };
}

/** The vector of `head` of `token` in a tensor [B, T, heads, D]. A view: writing to it writes there. */
function vectorIn(tensor: Float64Array, shape: Shape) {
  const { tokens, heads, width } = headsOf(shape);
  return (row: number, token: number, head: number): Float64Array => {
    const start = ((row * tokens + token) * heads + head) * width;
    return tensor.subarray(start, start + width);
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** target += factor * vector */
function accumulate(target: Float64Array, factor: number, vector: Float64Array): void {
  vector.forEach((value, i) => (target[i]! += factor * value));
}

/** Calls `visit` for every row, query head with its key head, and token. */
function eachQuery(
  q: Shape,
  k: Shape,
  visit: (row: number, head: number, keyHead: number, token: number) => void,
): void {
  const { rows, tokens, heads } = headsOf(q);
  const group = heads / headsOf(k).heads;
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      for (let token = 0; token < tokens; token++)
        visit(row, head, Math.floor(head / group), token);
    }
  }
}

/** The tokens that `token` may read: itself and earlier ones, of its own segment. */
function visible(row: number, token: number, tokens: number, segments?: Float64Array): number[] {
  const own = segments?.[row * tokens + token];
  const earlier = Array.from({ length: token + 1 }, (_, other) => other);
  return earlier.filter((other) => segments?.[row * tokens + other] === own);
}

export const attention = {
  rope: ({ inputs, attributes }: Node<'rope'>, [x, positions, cosine, sine]: Arrays) => {
    const { heads, width } = headsOf(inputs[0]!.shape);
    const half = width / 2;
    const direction = attributes.inverse ? -1 : 1;
    const y = new Float64Array(x!.length);
    for (let start = 0, vector = 0; start < x!.length; start += width, vector++) {
      const position = positions![Math.floor(vector / heads)]!;
      const row = checkedRow(position, inputs[2]!.shape[0]!, 'rope') * half;
      for (let i = 0; i < half; i++) {
        const [first, second] = [x![start + i]!, x![start + i + half]!];
        const [cos, sin] = [cosine![row + i]!, direction * sine![row + i]!];
        y[start + i] = first * cos - second * sin;
        y[start + i + half] = second * cos + first * sin;
      }
    }
    return [y];
  },

  attention: ({ inputs, attributes }: Node<'attention'>, [q, k, v, segments]: Arrays) => {
    const [shapeQ, shapeK] = inputs.map((value) => value.shape);
    const { tokens, heads } = headsOf(shapeQ!);
    const [query, key, value] = [
      vectorIn(q!, shapeQ!),
      vectorIn(k!, shapeK!),
      vectorIn(v!, shapeK!),
    ];
    const out = new Float64Array(q!.length);
    const logSums = new Float64Array(q!.length / shapeQ![3]!);
    eachQuery(shapeQ!, shapeK!, (row, head, keyHead, token) => {
      const seen = visible(row, token, tokens, segments);
      const scores = Float64Array.from(
        seen,
        (other) => attributes.scale * dot(query(row, token, head), key(row, other, keyHead)),
      );
      const logSum = logSumExp(scores);
      logSums[(row * heads + head) * tokens + token] = logSum;
      const target = vectorIn(out, shapeQ!)(row, token, head);
      seen.forEach((other, i) => {
        accumulate(target, Math.exp(scores[i]! - logSum), value(row, other, keyHead));
      });
    });
    return [out, logSums];
  },

  /**
   * For each pair of a query and a token that it sees, with p its probability and g the gradient
   * of the query's output: dv += p g, ds = p (g . v - g . out), dq += scale ds k, dk += scale ds q.
   */
  attentionBackward: ({ inputs, attributes }: Node<'attentionBackward'>, arrays: Arrays) => {
    const [q, k, v, out, logSums, gradient, segments] = arrays;
    const [shapeQ, shapeK] = inputs.map((value) => value.shape);
    const { tokens, heads } = headsOf(shapeQ!);
    const [query, outAt] = [vectorIn(q!, shapeQ!), vectorIn(out!, shapeQ!)];
    const [key, value] = [vectorIn(k!, shapeK!), vectorIn(v!, shapeK!)];
    const gradientAt = vectorIn(gradient!, shapeQ!);
    const [dq, dk, dv] = [q, k, v].map((array) => new Float64Array(array!.length));
    const dQuery = vectorIn(dq!, shapeQ!);
    const [dKey, dValue] = [vectorIn(dk!, shapeK!), vectorIn(dv!, shapeK!)];
    const { scale } = attributes;
    eachQuery(shapeQ!, shapeK!, (row, head, keyHead, token) => {
      const [own, g] = [query(row, token, head), gradientAt(row, token, head)];
      const logSum = logSums![(row * heads + head) * tokens + token]!;
      const expected = dot(g, outAt(row, token, head));
      for (const other of visible(row, token, tokens, segments)) {
        const theirs = key(row, other, keyHead);
        const p = Math.exp(scale * dot(own, theirs) - logSum);
        const ds = p * (dot(g, value(row, other, keyHead)) - expected);
        accumulate(dValue(row, other, keyHead), p, g);
        accumulate(dQuery(row, token, head), scale * ds, theirs);
        accumulate(dKey(row, other, keyHead), scale * ds, own);
      }
    });
    return [dq!, dk!, dv!];
  },

  cachedAttention: ({ inputs, attributes }: Node<'cachedAttention'>, arrays: Arrays) => {
    const [q, k, v, cachedK, cachedV] = arrays;
    const offset = arrays[5]![0]!;
    const [shapeQ, shapeK] = inputs.map((value) => value.shape);
    const { rows, tokens, heads: keyHeads, width } = headsOf(shapeK!);
    const capacity = inputs[3]!.shape[2]!;
    if (offset < 0 || offset + tokens > capacity) {
      throw new GlassboxError(
        'backend-range',
        `cachedAttention cannot put ${tokens} tokens at ${offset} into a cache of ${capacity}.`,
      );
    }
    const query = vectorIn(q!, shapeQ!);
    /** A cached position, then a new token: one sequence. */
    const read = (fresh: Float64Array, cached: Float64Array) => {
      const freshAt = vectorIn(fresh, shapeK!);
      return (row: number, position: number, head: number): Float64Array => {
        if (position >= offset) return freshAt(row, position - offset, head);
        const start = ((row * keyHeads + head) * capacity + position) * width;
        return cached.subarray(start, start + width);
      };
    };
    const [key, value] = [read(k!, cachedK!), read(v!, cachedV!)];
    const out = new Float64Array(q!.length);
    eachQuery(shapeQ!, shapeK!, (row, head, keyHead, token) => {
      const scores = Float64Array.from(
        { length: offset + token + 1 },
        (_, position) =>
          attributes.scale * dot(query(row, token, head), key(row, position, keyHead)),
      );
      const logSum = logSumExp(scores);
      const target = vectorIn(out, shapeQ!)(row, token, head);
      scores.forEach((score, position) => {
        accumulate(target, Math.exp(score - logSum), value(row, position, keyHead));
      });
    });
    /** [B, T, K, D] -> [B, K, T, D] */
    const headsFirst = (fresh: Float64Array): Float64Array => {
      const y = new Float64Array(fresh.length);
      const at = vectorIn(fresh, shapeK!);
      for (let row = 0; row < rows; row++) {
        for (let head = 0; head < keyHeads; head++) {
          for (let token = 0; token < tokens; token++) {
            y.set(at(row, token, head), ((row * keyHeads + head) * tokens + token) * width);
          }
        }
      }
      return y;
    };
    return [out, headsFirst(k!), headsFirst(v!)];
  },
} satisfies Partial<Rules>;
