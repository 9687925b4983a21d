/**
 * Attention of one new token to a cache, the innermost step of decoding. Bound by the bytes of the
 * cache, each of which is read once for up to eight of the query heads that share its key head.
 *
 * One token gives too few queries to fill a GPU, so the positions are divided (as in Dao et al.,
 * "Flash-Decoding", 2023): a workgroup computes the softmax over its 64 to 256 positions and the mix of
 * their values, and a second kernel joins the parts. The dispatch is sized for the whole cache;
 * workgroups beyond `offset` end at once. A cache of up to 256 positions (128, with more than four query heads on
 * a key head) is one part, without the second kernel. An
 * offset outside of the cache counts as the nearest inside: the host refuses it where it can see it
 * (ranges.ts).
 *
 * In a workgroup a lane reads one vec4 of a key (neighbours read neighbours), multiplies it with that
 * vec4 of each query, which it keeps in registers, and leaves the products in workgroup memory; then
 * each lane adds up those of one score. The values are read by the same pattern, each lane adding up every
 * so many positions.
 */
import { GROUP, kernel, literal, spread } from '../kernel';
import type { Sized } from '../kernel';
import { loader, LOG2_E, NEVER, storer, vectors } from './attentionLanes';
import type { AttentionShape } from './attentionLanes';

const LANES = 128;
/** Query heads that one workgroup computes. */
const MOST_HEADS = 8;
/** Workgroup memory for products and for scores, in numbers. */
const PRODUCTS = 2048;
const SCORES = 1024;
/** Positions that a part may have. */
const LENGTHS = [256, 128, 64] as const;
/** So many workgroups fill a large GPU: below, parts are made shorter. */
const ENOUGH = 512;

interface Division {
  /** Query heads of a workgroup, and workgroups for the query heads of one key head. */
  readonly together: number;
  readonly blocks: number;
  /** Positions of a part. */
  readonly length: number;
  readonly parts: number;
}

function divisionOf({ rows, heads, keyHeads }: AttentionShape, capacity: number): Division {
  const group = heads / keyHeads;
  let together = Math.min(group, MOST_HEADS);
  while (group % together !== 0) together--;
  const blocks = group / together;
  const groups = rows * keyHeads * blocks;
  const hasRoom = (length: number): boolean => length * together <= SCORES;
  // To wait for a second dispatch takes longer than to go through so few positions one after the other.
  const whole = LENGTHS.findLast((length) => capacity <= length && hasRoom(length));
  const divided = LENGTHS.find(
    (length) => hasRoom(length) && (groups * capacity) / length >= ENOUGH,
  );
  const length = whole ?? divided ?? LENGTHS.at(-1)!;
  return { together, blocks, length, parts: Math.ceil(capacity / length) };
}

/** `count` heads, one line of WGSL each. */
const lines = (count: number, line: (head: number) => string): string =>
  Array.from({ length: count }, (_, head) => line(head)).join('\n');

/**
 * Reads q, k, v, the caches and the offset. Writes out if there is but one part; else, for each query head
 * and part, the mix of values times the sum of the exponentials, and the pair (maximum, that sum). With `kept`
 * the caches are written, too, before the others: k and v go where `offset` says, where no workgroup looks.
 */
export function cachedAttention(
  shape: AttentionShape,
  capacity: number,
  { kept = false }: { readonly kept?: boolean } = {},
): Sized & { readonly parts: number } {
  const { rows, heads, keyHeads, width, scale } = shape;
  const { together, blocks, length, parts } = divisionOf(shape, capacity);
  const vec4s = Math.ceil(width / 4);
  const strands = Math.floor(LANES / vec4s);
  const stride = vec4s + 1;
  const tile = Math.min(length, Math.max(1, Math.floor(PRODUCTS / (together * stride))));
  /** Lanes that look through the scores of one head together. */
  const seekers = LANES / 2 ** Math.ceil(Math.log2(together));
  const groups = rows * keyHeads * blocks;
  const whole = parts === 1;
  const caches = ['cached_k', 'cached_v'].map((name) => vectors(name, width));
  return {
    parts,
    kernel: kernel({
      name: `cachedAttention [${rows}, ${heads}/${keyHeads}, ${width}] of ${capacity}, parts of ${length}${kept ? ', kept' : ''}`,
      reads: [
        ...['q', 'k', 'v'].map((name) => vectors(name, width)),
        ...(kept ? [] : caches),
        ['offset', 'i32'],
      ],
      writes: [
        ...(kept ? caches : []),
        ...(whole
          ? [vectors('y', width)]
          : [['mixed', 'vec4f'] as const, ['sums', 'vec2f'] as const]),
      ],
      workgroup: [LANES, 1],
      declarations: `
${['q', 'k', 'v', 'cached_k', 'cached_v'].map((name) => loader(name, width, vec4s)).join('\n')}
${kept ? ['cached_k', 'cached_v'].map((name) => storer(name, width, vec4s)).join('\n') : ''}
${whole ? storer('y', width, vec4s) : ''}
var<workgroup> multiplied: array<f32, ${together * tile * stride}>;
var<workgroup> scores: array<f32, ${together * length}>;
var<workgroup> found: array<f32, ${LANES}>;
var<workgroup> strand_sums: array<vec4f, ${LANES}>;`,
      body: `let number = ${GROUP};
  if (number >= ${groups * parts}u) { return; }
  let before = u32(clamp(offset[0], 0, ${capacity - 1}));
  let first = number % ${parts}u * ${length}u;
  if (first > before) { return; }
  let count = min(${length}u, before + 1u - first);
  let row = number / ${parts * keyHeads * blocks}u;
  let key_head = number / ${parts * blocks}u % ${keyHeads}u;
  let query = row * ${heads}u + key_head * ${together * blocks}u + number / ${parts}u % ${blocks}u * ${together}u;
  let cached = (row * ${keyHeads}u + key_head) * ${capacity}u + first;
  let fresh = row * ${keyHeads}u + key_head;
  ${
    kept
      ? `if (number / ${parts}u % ${blocks}u == 0u && before - first < ${length}u && lane < ${vec4s}u) {
    store_cached_k(cached + before - first, lane, load_k(fresh, lane));
    store_cached_v(cached + before - first, lane, load_v(fresh, lane));
  }`
      : ''
  }
  let c = lane % ${vec4s}u;
  let strand = select(lane / ${vec4s}u, ${length}u, lane >= ${strands * vec4s}u);
  ${lines(together, (head) => `let q${head} = load_q(query + ${head}u, c) * ${literal(scale * LOG2_E)};`)}

  for (var start = 0u; start < count; start += ${tile}u) {
    let here = min(${tile}u, count - start);
    for (var i = strand; i < here; i += ${strands}u) {
      var key: vec4f;
      if (first + start + i < before) { key = load_cached_k(cached + start + i, c); } else { key = load_k(fresh, c); }
      ${lines(together, (head) => `multiplied[(${head * tile}u + i) * ${stride}u + c] = dot(key, q${head});`)}
    }
    workgroupBarrier();
    for (var i = lane; i < ${together}u * here; i += ${LANES}u) {
      let head = i / here;
      var sum = 0.0;
      for (var n = 0u; n < ${vec4s}u; n++) { sum += multiplied[(head * ${tile}u + i % here) * ${stride}u + n]; }
      scores[head * ${length}u + start + i % here] = sum;
    }
    workgroupBarrier();
  }

  let seeker = min(lane / ${seekers}u, ${together - 1}u) * ${length}u;
  var highest = ${NEVER};
  for (var i = lane % ${seekers}u; i < count; i += ${seekers}u) { highest = max(highest, scores[seeker + i]); }
  found[lane] = highest;
  workgroupBarrier();
  for (var i = 0u; i < ${seekers}u; i++) { highest = max(highest, found[lane / ${seekers}u * ${seekers}u + i]); }
  workgroupBarrier();
  var sum = 0.0;
  if (lane < ${seekers * together}u) {
    for (var i = lane % ${seekers}u; i < count; i += ${seekers}u) {
      let p = exp2(scores[seeker + i] - highest);
      scores[seeker + i] = p;
      sum += p;
    }
  }
  found[lane] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var i = 0u; i < ${seekers}u; i++) { sum += found[lane / ${seekers}u * ${seekers}u + i]; }
  ${
    whole
      ? `workgroupBarrier();
  if (lane % ${seekers}u == 0u && lane < ${seekers * together}u) { found[lane / ${seekers}u] = sum; }`
      : `if (lane % ${seekers}u == 0u && lane < ${seekers * together}u) {
    sums[(query + lane / ${seekers}u) * ${parts}u + number % ${parts}u] = vec2f(highest, sum);
  }`
  }

  ${lines(together, (head) => `var o${head} = vec4f();`)}
  for (var i = strand; i < count; i += ${strands}u) {
    var value: vec4f;
    if (first + i < before) { value = load_cached_v(cached + i, c); } else { value = load_v(fresh, c); }
    ${lines(together, (head) => `o${head} += scores[${head * length}u + i] * value;`)}
  }
  ${lines(
    together,
    (head) => `workgroupBarrier();
  strand_sums[lane] = o${head};
  workgroupBarrier();
  if (lane < ${vec4s}u) {
    var joined = vec4f();
    for (var i = 0u; i < ${strands}u; i++) { joined += strand_sums[i * ${vec4s}u + lane]; }
    ${
      whole
        ? `store_y(query + ${head}u, lane, joined / found[${head}]);`
        : `mixed[((query + ${head}u) * ${parts}u + number % ${parts}u) * ${vec4s}u + lane] = joined;`
    }
  }`,
  )}`,
    }),
    workgroups: spread(groups * parts),
  };
}

/**
 * Reads what the parts wrote, and the offset; writes out. A workgroup for each query head, as few bytes
 * as one part in 32 or so of the cache.
 */
export function combineParts(shape: AttentionShape, capacity: number): Sized {
  const { rows, heads, width } = shape;
  const { length, parts } = divisionOf(shape, capacity);
  const vec4s = Math.ceil(width / 4);
  const strands = Math.floor(LANES / vec4s);
  return {
    kernel: kernel({
      name: `cachedAttention joined [${rows}, ${heads}, ${width}], ${parts} parts`,
      reads: [
        ['mixed', 'vec4f'],
        ['sums', 'vec2f'],
        ['offset', 'i32'],
      ],
      writes: [vectors('y', width)],
      workgroup: [LANES, 1],
      declarations: `${storer('y', width, vec4s)}
var<workgroup> highs: array<f32, ${LANES}>;
var<workgroup> strand_sums: array<vec4f, ${LANES}>;
var<workgroup> strand_weights: array<f32, ${LANES}>;`,
      body: `let query = ${GROUP};
  if (query >= ${rows * heads}u) { return; }
  let count = u32(clamp(offset[0], 0, ${capacity - 1})) / ${length}u + 1u;
  let at = query * ${parts}u;
  var highest = ${NEVER};
  for (var i = lane; i < count; i += ${LANES}u) { highest = max(highest, sums[at + i].x); }
  highs[lane] = highest;
  workgroupBarrier();
  for (var i = 0u; i < min(count, ${LANES}u); i++) { highest = max(highest, highs[i]); }
  let c = lane % ${vec4s}u;
  var joined = vec4f();
  var weight = 0.0;
  if (lane < ${strands * vec4s}u) {
    for (var i = lane / ${vec4s}u; i < count; i += ${strands}u) {
      let factor = exp2(sums[at + i].x - highest);
      joined += factor * mixed[(at + i) * ${vec4s}u + c];
      weight += factor * sums[at + i].y;
    }
  }
  strand_sums[lane] = joined;
  strand_weights[lane] = weight;
  workgroupBarrier();
  if (lane >= ${vec4s}u) { return; }
  for (var i = 1u; i < ${strands}u; i++) {
    joined += strand_sums[i * ${vec4s}u + lane];
    weight += strand_weights[i * ${vec4s}u + lane];
  }
  store_y(query, lane, joined / weight);`,
    }),
    workgroups: spread(rows * heads),
  };
}
