/**
 * Causal attention in the flash form (Dao et al., "FlashAttention", 2022): scores are never written
 * anywhere; each query keeps the maximum and the sum of what it has seen and rescales its output when
 * the maximum rises (Milakov and Gimelshein, 2018), once for every four keys.
 *
 * A lane owns a query, with q and the output in registers (2 D numbers, for two lanes where D > 64);
 * tiles of keys and values, 8 KiB together, pass through workgroup memory. Tiles above the diagonal are
 * not visited, and the longest workgroups start first, so that the last to end are short. Exponentials
 * are powers of 2, the factor being folded into q.
 *
 * Bound by flops, 4 D for each pair of a query and a key: a workgroup of 64 queries reads 8 D bytes of a
 * key and its value for 256 D flops. Segments are compared pair by pair; tiles that lie wholly in another
 * segment are visited too.
 *
 * With `cached`, the queries follow `offset` positions whose keys and values are in a cache, and the
 * tokens' own come after these: a prompt's later pieces.
 */
import { GROUP, kernel, literal, spread } from '../kernel';
import type { Sized } from '../kernel';
import {
  accumulate,
  BLOCK,
  each,
  extensions,
  inSegment,
  lanesOf,
  loader,
  LOG2_E,
  NEVER,
  products,
  storer,
  summer,
  vectors,
} from './attentionLanes';
import type { AttentionShape } from './attentionLanes';

/** Two vectors of 64 are 32 vec4 of registers. */
const MOST = 16;

export interface ForwardOptions {
  readonly subgroups: boolean;
  readonly segments?: boolean;
  /** Positions that the caches hold. */
  readonly cached?: number;
}

/**
 * Reads q, k, v[, segments]; writes out and the log-sum-exp [B, H, T]. With `cached`: reads q, k, v, the
 * two caches and the offset; writes out.
 */
export function attention(shape: AttentionShape, options: ForwardOptions): Sized {
  const { rows, tokens, heads, keyHeads, width, scale } = shape;
  const { subgroups, segments = false, cached } = options;
  const lanes = lanesOf(width, MOST, subgroups);
  const { padded, parts, tile } = lanes;
  const tiles = Math.ceil(tokens / lanes.vectors);
  const name = (each: string): ReturnType<typeof vectors> => vectors(each, width);
  const offset = cached !== undefined;
  return {
    kernel: kernel({
      name: `attention ${offset ? `after ${cached} ` : ''}[${rows}, ${tokens}, ${heads}/${keyHeads}, ${width}]`,
      reads: [
        ...['q', 'k', 'v'].map(name),
        ...(segments ? [['segments', 'i32'] as const] : []),
        ...(offset ? [name('cached_k'), name('cached_v'), ['offset', 'i32'] as const] : []),
      ],
      writes: [name('y'), ...(offset ? [] : ['log_sums'])],
      enable: extensions(lanes),
      workgroup: [lanes.lanes, 1],
      declarations: `
${['q', 'k', 'v', ...(offset ? ['cached_k', 'cached_v'] : [])].map((each) => loader(each, width, padded)).join('\n')}
${storer('y', width, padded)}
${summer(lanes)}
var<workgroup> keys: array<vec4f, ${tile * padded}>;
var<workgroup> values: array<vec4f, ${tile * padded}>;
${segments ? `var<workgroup> ids: array<i32, ${tile}>;` : ''}`,
      body: `let number = ${GROUP};
  if (number >= ${tiles * rows * heads}u) { return; }
  let stretch = ${tiles - 1}u - number / ${rows * heads}u;
  let row = number % ${rows * heads}u / ${heads}u;
  let head = number % ${heads}u;
  let key_head = head / ${heads / keyHeads}u;
  let part = lane % ${parts}u;
  let query = stretch * ${lanes.vectors}u + lane / ${parts}u;
  let vector = (row * ${tokens}u + min(query, ${tokens - 1}u)) * ${heads}u + head;
  ${offset ? `let before = u32(clamp(offset[0], 0, ${cached - tokens}));` : 'let before = 0u;'}
  let position = before + query;
  ${each(lanes, (i) => `let q${i} = load_q(vector, ${i * parts}u + part) * ${literal(scale * LOG2_E)}; var o${i} = vec4f();`)}
  ${segments ? `let segment = segments[row * ${tokens}u + min(query, ${tokens - 1}u)];` : ''}
  var highest = ${NEVER};
  var sum = 0.0;
  let end = before + min(${tokens}u, (stretch + 1u) * ${lanes.vectors}u);
  for (var start = 0u; start < end; start += ${tile}u) {
    workgroupBarrier();
    for (var i = lane; i < ${tile * padded}u; i += ${lanes.lanes}u) {
      let token = min(start + i / ${padded}u, end - 1u);
      let c = i % ${padded}u;
      ${
        offset
          ? `if (token < before) {
        let source = (row * ${keyHeads}u + key_head) * ${cached}u + token;
        keys[i] = load_cached_k(source, c);
        values[i] = load_cached_v(source, c);
        continue;
      }`
          : ''
      }
      let source = (row * ${tokens}u + token - before) * ${keyHeads}u + key_head;
      keys[i] = load_k(source, c);
      values[i] = load_v(source, c);
    }
    ${segments ? `if (lane < ${tile}u) { ids[lane] = segments[row * ${tokens}u + min(start + lane, end - 1u)]; }` : ''}
    workgroupBarrier();
    let count = min(${tile}u, end - start);
    for (var j = 0u; j < count; j += ${BLOCK}u) {
      let near = j * ${padded}u + part;
      ${products(lanes, 's', 'q', 'keys')}
      s = whole(s, lane, j / ${BLOCK}u % 2u);
      let token = start + j + vec4u(0u, 1u, 2u, 3u);
      let seen = (token <= vec4u(position))${inSegment(segments)};
      s = select(vec4f(${NEVER}), s, seen);
      let higher = max(highest, max(max(s.x, s.y), max(s.z, s.w)));
      let p = select(vec4f(), exp2(s - higher), seen);
      let shrink = exp2(highest - higher);
      highest = higher;
      sum = sum * shrink + dot(p, vec4f(1.0));
      ${each(lanes, (i) => `o${i} *= shrink;`)}
      ${accumulate(lanes, 'o', 'p', 'values')}
    }
  }
  if (query >= ${tokens}u) { return; }
  ${each(lanes, (i) => `store_y(vector, ${i * parts}u + part, o${i} / sum);`)}
  ${offset ? '' : `if (part == 0u) { log_sums[(row * ${heads}u + head) * ${tokens}u + query] = (highest + log2(sum)) * ${literal(Math.LN2)}; }`}`,
    }),
    workgroups: spread(tiles * rows * heads),
  };
}
