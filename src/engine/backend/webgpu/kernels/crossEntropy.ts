/**
 * Cross-entropy over the logits of a chunk of the vocabulary, which are never there for all of it. The
 * products that make the logits, and that take their gradient further, are those of matmul.ts.
 *
 * Forward: a workgroup takes a token's logits of the chunk and joins their (maximum, sum of
 * exponentials) into what the chunks before gave, which is kept as one number: a log-sum-exp l is the
 * pair (l, 1). Backward: logits become their own gradient in place, softmax(logits) - onehot(target),
 * times the token's factor. Both bound by bytes: the chunk is read once, and backward written once. Of
 * the products' arithmetic that is a small part (one exponential to 2 * width multiply-adds). Where a
 * chunk begins comes in a buffer, so that all chunks of a size share their pipelines.
 */
import { GROUP, kernel, LANES, spread } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement } from './indexing';
import { JOIN_SUMS, NO_SUM } from './softmax';

export interface LogitChunk {
  readonly tokens: number;
  /** Ids in the chunk, and in the whole vocabulary. */
  readonly ids: number;
  readonly vocabulary: number;
}

/** WGSL: the target's column in the chunk; elsewhere it is negative or too large. */
const column = (vocabulary: number): string =>
  `clamp(targets[row], 0, ${vocabulary - 1}) - start[0]`;

/**
 * logits [tokens, ids], targets [tokens], start [1]: the chunk's first id -> the negative
 * log-likelihood, which until the last chunk is the target's logit as far as found, and the
 * log-sum-exp so far.
 */
export function crossEntropyForward(
  { tokens, ids, vocabulary }: LogitChunk,
  first: boolean,
  last: boolean,
): Sized {
  const wide = ids % 4 === 0;
  const count = wide ? ids / 4 : ids;
  const lanes = Math.min(LANES, Math.max(32, 2 ** Math.floor(Math.log2(count))));
  const exponentials = wide ? 'dot(exp(each - highest), vec4f(1.0))' : '1.0';
  const chosen = wide ? 'logits[begin + at / 4u][at % 4u]' : 'logits[begin + at]';
  const before = first ? ['0.0', NO_SUM] : ['nll[row]', 'vec2f(logSumExp[row], 1.0)'];
  return {
    kernel: kernel({
      name: `crossEntropy [${tokens}, ${ids}]`,
      reads: [
        ['logits', wide ? 'vec4f' : 'f32'],
        ['targets', 'i32'],
        ['start', 'i32'],
      ],
      writes: ['nll', 'logSumExp'],
      declarations: `${JOIN_SUMS}
var<workgroup> partial: array<vec2f, ${lanes}>;`,
      workgroup: [lanes, 1],
      body: `let row = ${GROUP};
  if (row >= ${tokens}u) { return; }
  let begin = row * ${count}u;
  var own = ${NO_SUM};
  for (var k = lane; k < ${count}u; k += ${lanes}u) {
    let each = logits[begin + k];
    let highest = ${wide ? 'max(max(each.x, each.y), max(each.z, each.w))' : 'each'};
    own = joined(own, vec2f(highest, ${exponentials}));
  }
  partial[lane] = own;
  for (var span = ${lanes / 2}u; span > 0u; span >>= 1u) {
    workgroupBarrier();
    if (lane < span) { partial[lane] = joined(partial[lane], partial[lane + span]); }
  }
  if (lane > 0u) { return; }
  let total = joined(${before[1]!}, partial[0]);
  let sum = total.x + log(total.y);
  var logit = ${before[0]!};
  let at = u32(${column(vocabulary)});
  if (at < ${ids}u) { logit = ${chosen}; }
  nll[row] = ${last ? 'sum - logit' : 'logit'};
  logSumExp[row] = sum;`,
    }),
    workgroups: spread(tokens),
  };
}

/** targets, log-sum-exp, gradient of the likelihoods [tokens], start [1] -> logits, in place. */
export function crossEntropyBackward({ tokens, ids, vocabulary }: LogitChunk): Sized {
  const wide = ids % 4 === 0;
  const type = wide ? 'vec4f' : 'f32';
  const count = wide ? ids / 4 : ids;
  const here = wide ? 'vec4i(4 * at) + vec4i(0, 1, 2, 3) == vec4i(id)' : 'at == id';
  return {
    kernel: kernel({
      name: `crossEntropyBackward [${tokens}, ${ids}]`,
      reads: [['targets', 'i32'], 'logSumExp', 'gradient', ['start', 'i32']],
      writes: [['logits', type]],
      body: `${eachElement(tokens * count, LANES)}
  let row = i / ${count}u;
  let at = i32(i % ${count}u);
  let id = ${column(vocabulary)};
  let chosen = select(${type}(0.0), ${type}(1.0), ${here});
  logits[i] = gradient[row] * (exp(logits[i] - logSumExp[row]) - chosen);`,
    }),
    workgroups: spread(Math.ceil((tokens * count) / LANES)),
  };
}
