/**
 * From logits to a token. The order is that of Hugging Face's `generate`: repetition penalty,
 * temperature, top-k, top-p, min-p, then one draw from what is left. (llama.cpp applies the
 * temperature last: there top-p and min-p see the distribution before it.)
 *
 * Not covered: penalties that count how often a token occurred, typical sampling, beam search.
 */
import { GlassboxError } from '../../base/errors';
import type { Rng } from '../../base/rng';
import { indexOfHighest, largest } from './distribution';
import { exponential } from './exponential';

export interface SamplingOptions {
  /** 0: always the likeliest token, and the filters below have nothing to do. Default: 1. */
  readonly temperature?: number | undefined;
  /** Only the k likeliest, and those equal to the k-th; 0: all. Default: 0. */
  readonly topK?: number | undefined;
  /** Only the likeliest that together reach this probability. Default: 1, all. */
  readonly topP?: number | undefined;
  /** Only those at least this times as likely as the likeliest. Default: 0, all. */
  readonly minP?: number | undefined;
  /**
   * Tokens of the prompt and of the text so far have positive logits divided by it and negative ones
   * multiplied (Keskar et al., 2019). Default: 1, none.
   */
  readonly repetitionPenalty?: number | undefined;
}

export interface Sampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
}

/** Fills in the defaults. Throws `sampling-option` that names the field and its range. */
export function resolveSampling(options: SamplingOptions): Sampling {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  const require = (name: string, value: number, holds: boolean, range: string): void => {
    if (holds) return;
    throw new GlassboxError('sampling-option', `${name} is ${value}, but it must be ${range}.`, {
      remedy: `Set ${name} to a number that is ${range}.`,
    });
  };
  require('temperature', temperature, temperature >= 0 && temperature < Infinity, 'at least 0');
  require('topK', topK, Number.isInteger(topK) && topK >= 0, 'a whole number, 0 for all');
  require('topP', topP, topP > 0 && topP <= 1, 'above 0 and at most 1');
  require('minP', minP, minP >= 0 && minP <= 1, 'from 0 to 1');
  const penalty = repetitionPenalty;
  require('repetitionPenalty', penalty, penalty > 0 && penalty < Infinity, 'above 0');
  return { temperature, topK, topP, minP, repetitionPenalty };
}

/** What may be drawn: ids and their probabilities, which add up to 1. */
export interface Candidates {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/** The logits with those of the tokens in `seen` made less likely; the same array without penalty. */
export function penalizeRepetition(
  logits: Float32Array,
  seen: Iterable<number>,
  penalty: number,
): Float32Array {
  if (penalty === 1) return logits;
  const result = logits.slice();
  for (const id of new Set(seen)) {
    const logit = logits[id]!;
    result[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return result;
}

/** What temperature and filters leave of the (penalized) logits, of which one at least is finite. */
export function candidatesOf(logits: Float32Array, sampling: Sampling): Candidates {
  const { temperature, topP, minP } = sampling;
  const best = indexOfHighest(logits);
  if (temperature === 0) return { ids: Int32Array.of(best), probabilities: Float64Array.of(1) };
  // Shares are probabilities in units of the likeliest's, which has the share 1 whatever is cut.
  const highest = logits[best]!;
  const shareOf = (id: number): number => exponential((logits[id]! - highest) / temperature);
  const topK = sampling.topK < logits.length ? sampling.topK : 0;

  if (topK === 0 && topP === 1 && minP === 0) {
    const ids = new Int32Array(logits.length);
    for (let id = 0; id < ids.length; id++) ids[id] = id;
    return { ids, probabilities: normalized(sharesOf(ids, shareOf)) };
  }
  const limits = { topK, reach: 0, lowest: minP === 0 ? -Infinity : minP };
  if (topP < 1 && topK === 0) {
    let total = 0;
    for (let id = 0; id < logits.length; id++) total += shareOf(id);
    limits.reach = topP * total;
  }
  const ids = leading(logits, limits, shareOf);
  const shares = sharesOf(ids, shareOf);
  // Where top-k has cut, top-p counts what top-k has left.
  if (topP < 1 && topK > 0) limits.reach = topP * sum(shares);
  let count = shares.length;
  if (topP < 1) {
    let reached = 0;
    let needed = 0;
    while (needed < count && reached < limits.reach) reached += shares[needed++]!;
    count = Math.max(1, needed);
  }
  while (count > 1 && shares[count - 1]! < limits.lowest) count--;
  return { ids: ids.subarray(0, count), probabilities: normalized(shares.subarray(0, count)) };
}

/**
 * At least the ids that the filters leave, likeliest first. Sorting a whole vocabulary would take
 * longer than a small model's step: top-k says how many there are, and for the others ever more of
 * the likeliest are taken until they reach far enough.
 */
function leading(
  logits: Float32Array,
  { topK, reach, lowest }: { topK: number; reach: number; lowest: number },
  shareOf: (id: number) => number,
): Int32Array {
  if (topK > 0) {
    const ids = largest(logits, topK);
    const last = logits[ids.at(-1)!]!;
    // Equals of the k-th stay too, unless they are impossible anyway.
    let equal = 0;
    for (let id = 0; id < logits.length; id++) if (logits[id]! >= last) equal++;
    return equal > topK && last > -Infinity ? largest(logits, equal) : ids;
  }
  for (let tried = 64; tried < logits.length; tried *= 8) {
    const ids = largest(logits, tried);
    if (shareOf(ids.at(-1)!) < lowest) return ids;
    let reached = 0;
    for (const id of ids) reached += shareOf(id);
    if (reach > 0 && reached >= reach) return ids;
  }
  return largest(logits, logits.length);
}

/** One id, as likely as its probability says. */
export function draw({ ids, probabilities }: Candidates, rng: Rng): number {
  let rest = rng.uniform();
  let last = 0;
  for (let i = 0; i < ids.length; i++) {
    const probability = probabilities[i]!;
    if (probability === 0) continue;
    last = i;
    rest -= probability;
    if (rest < 0) break;
  }
  return ids[last]!;
}

function sharesOf(ids: Int32Array, shareOf: (id: number) => number): Float64Array {
  const shares = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) shares[i] = shareOf(ids[i]!);
  return shares;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

/** In place. */
function normalized(shares: Float64Array): Float64Array {
  const total = sum(shares);
  for (let i = 0; i < shares.length; i++) shares[i]! /= total;
  return shares;
}
