/**
 * What the model itself thinks of the next token, from its raw logits: before temperature, penalties
 * and filters, which say how one samples and not what the model believes.
 */

import { exponential } from './exponential';

/** A token and the natural logarithm of its probability. */
export interface Likely {
  readonly id: number;
  readonly logprob: number;
}

export interface Distribution {
  readonly logits: Float32Array;
  /** Logarithm of the sum of the logits' exponentials: a logit minus this is a log-probability. */
  readonly logSumExp: number;
  /** In nats. */
  readonly entropy: number;
}

export function distributionOf(logits: Float32Array): Distribution {
  const highest = logits[indexOfHighest(logits)] ?? -Infinity;
  let sum = 0;
  let weighted = 0;
  for (let id = 0; id < logits.length; id++) {
    const below = logits[id]! - highest;
    const share = exponential(below);
    sum += share;
    if (share > 0) weighted += share * below;
  }
  return {
    logits,
    logSumExp: highest + Math.log(sum),
    // H = log Z - E[logit]
    entropy: Math.max(0, Math.log(sum) - weighted / sum),
  };
}

export function logprobOf({ logits, logSumExp }: Distribution, id: number): number {
  return logits[id]! - logSumExp;
}

/** 0 for the likeliest token; of equally likely ones the lower id comes first. */
export function rankOf({ logits }: Distribution, id: number): number {
  const own = logits[id]!;
  let rank = 0;
  for (let other = 0; other < id; other++) if (logits[other]! >= own) rank++;
  for (let other = id + 1; other < logits.length; other++) if (logits[other]! > own) rank++;
  return rank;
}

/** Of the largest value; of equal ones the first. What greedy writing asks for, each token. */
export function indexOfHighest(values: Float32Array | Float64Array): number {
  // By index, here and in all that runs once for every token: an iterator or a callback for each of 50,000
  // logits takes longer than the exponentials.
  let best = 0;
  let highest = values[0] ?? -Infinity;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    if (value > highest) {
      highest = value;
      best = i;
    }
  }
  return best;
}

/** The `count` likeliest tokens, likeliest first. */
export function likeliest(distribution: Distribution, count: number): Likely[] {
  return Array.from(largest(distribution.logits, count), (id) => ({
    id,
    logprob: logprobOf(distribution, id),
  }));
}

/**
 * The indices of the `count` largest values, largest first; of equal ones the lower index first.
 * A heap of the best so far, its worst on top: one pass, and little work where few are asked for.
 */
export function largest(values: Float32Array | Float64Array, count: number): Int32Array {
  const size = Math.min(count, values.length);
  const heap = new Int32Array(size);
  const worse = (a: number, b: number): boolean =>
    values[a]! < values[b]! || (values[a] === values[b] && a > b);
  const sink = (from: number, length: number): void => {
    let at = from;
    const moved = heap[at]!;
    for (let child = 2 * at + 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && worse(heap[child + 1]!, heap[child]!)) child++;
      if (!worse(heap[child]!, moved)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moved;
  };
  if (size === 0) return heap;
  if (size === 1) return heap.fill(indexOfHighest(values));
  for (let i = 0; i < size; i++) heap[i] = i;
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i, size);
  for (let i = size; i < values.length; i++) {
    if (!worse(heap[0]!, i)) continue;
    heap[0] = i;
    sink(0, size);
  }
  // The worst goes to the end, again and again.
  for (let end = size - 1; end > 0; end--) {
    const worst = heap[0]!;
    heap[0] = heap[end]!;
    heap[end] = worst;
    sink(0, end);
  }
  return heap;
}
