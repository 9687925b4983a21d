/**
 * The gradient of attention in the flash form (Dao et al., 2022, appendix B): probabilities are computed
 * anew from the saved log-sum-exp. Three kernels, none of which adds to what another workgroup wrote, so
 * that equal runs give equal bits:
 *
 * 1. For each query the pair (log-sum-exp as a power of 2, D = dO . O), which the others read as one.
 *    Bound by bytes: O and dO once.
 * 2. dQ: a query is owned, tiles of keys and values pass by, up to the diagonal.
 *    dS = P * (dO . v - D), dQ += dS k. Bound by flops: 6 D a pair.
 * 3. dK and dV: a key is owned, tiles of q and dO pass by, from the diagonal on, for each of the query
 *    heads that share the key head. dV += P dO, dK += dS q. Bound by flops: 8 D a pair.
 *
 * Scores are computed in both 2 and 3, 14 D flops a pair against 10 D for one kernel that adds dQ up
 * atomically or writes it once a tile. A vector is owned by so many lanes that three (2) or four (3) of
 * them fit into registers: 16 numbers of each for D up to 64.
 */
import { GROUP, kernel, LANES, literal, spread } from '../kernel';
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
  products,
  storer,
  summer,
  vectors,
} from './attentionLanes';
import type { AttentionShape } from './attentionLanes';
import { eachElement } from './indexing';

/** Four vectors of 16 are 16 vec4 of registers. */
const MOST = 4;

/** Reads out, its gradient and the log-sum-exp; writes a pair for each [B, H, T]. */
export function attentionPairs({ rows, tokens, heads, width }: AttentionShape): Sized {
  const vec4s = Math.ceil(width / 4);
  const count = rows * heads * tokens;
  return {
    kernel: kernel({
      name: `attentionBackward pairs [${rows}, ${tokens}, ${heads}, ${width}]`,
      reads: [vectors('y', width), vectors('dy', width), 'log_sums'],
      writes: [['pairs', 'vec2f']],
      declarations: `${loader('y', width, vec4s)}\n${loader('dy', width, vec4s)}`,
      body: `${eachElement(count, LANES)}
  let row = i / ${heads * tokens}u;
  let head = i / ${tokens}u % ${heads}u;
  let vector = (row * ${tokens}u + i % ${tokens}u) * ${heads}u + head;
  var sum = vec4f();
  for (var c = 0u; c < ${vec4s}u; c++) { sum += load_y(vector, c) * load_dy(vector, c); }
  pairs[i] = vec2f(log_sums[i] * ${literal(LOG2_E)}, dot(sum, vec4f(1.0)));`,
    }),
    workgroups: spread(Math.ceil(count / LANES)),
  };
}

export interface BackwardOptions {
  readonly subgroups: boolean;
  readonly segments: boolean;
}

const segmentsOf = (given: boolean): (readonly [string, string])[] =>
  given ? [['segments', 'i32']] : [];

/** Reads q, k, v, gradient of out, pairs[, segments]; writes dq. */
export function attentionQueries(
  shape: AttentionShape,
  { subgroups, segments }: BackwardOptions,
): Sized {
  const { rows, tokens, heads, keyHeads, width, scale } = shape;
  const lanes = lanesOf(width, MOST, subgroups);
  const { padded, parts, tile } = lanes;
  const tiles = Math.ceil(tokens / lanes.vectors);
  return {
    kernel: kernel({
      name: `attentionBackward dQ [${rows}, ${tokens}, ${heads}/${keyHeads}, ${width}]`,
      reads: [
        ...['q', 'k', 'v', 'dy'].map((name) => vectors(name, width)),
        ['pairs', 'vec2f'],
        ...segmentsOf(segments),
      ],
      writes: [vectors('dq', width)],
      enable: extensions(lanes),
      workgroup: [lanes.lanes, 1],
      declarations: `
${['q', 'k', 'v', 'dy'].map((name) => loader(name, width, padded)).join('\n')}
${storer('dq', width, padded)}
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
  let own = min(query, ${tokens - 1}u);
  let vector = (row * ${tokens}u + own) * ${heads}u + head;
  let pair = pairs[(row * ${heads}u + head) * ${tokens}u + own];
  ${each(lanes, (i) => `let q${i} = load_q(vector, ${i * parts}u + part) * ${literal(scale * LOG2_E)}; let g${i} = load_dy(vector, ${i * parts}u + part); var dq${i} = vec4f();`)}
  ${segments ? `let segment = segments[row * ${tokens}u + own];` : ''}
  let end = min(${tokens}u, (stretch + 1u) * ${lanes.vectors}u);
  for (var start = 0u; start < end; start += ${tile}u) {
    workgroupBarrier();
    for (var i = lane; i < ${tile * padded}u; i += ${lanes.lanes}u) {
      let token = min(start + i / ${padded}u, end - 1u);
      let source = (row * ${tokens}u + token) * ${keyHeads}u + key_head;
      keys[i] = load_k(source, i % ${padded}u);
      values[i] = load_v(source, i % ${padded}u);
    }
    ${segments ? `if (lane < ${tile}u) { ids[lane] = segments[row * ${tokens}u + min(start + lane, end - 1u)]; }` : ''}
    workgroupBarrier();
    let count = min(${tile}u, end - start);
    for (var j = 0u; j < count; j += ${BLOCK}u) {
      let near = j * ${padded}u + part;
      ${products(lanes, 's', 'q', 'keys')}
      ${products(lanes, 'dp', 'g', 'values')}
      s = whole(s, lane, 0u);
      dp = whole(dp, lane, 1u);
      let token = start + j + vec4u(0u, 1u, 2u, 3u);
      let seen = (token <= vec4u(own))${inSegment(segments)};
      let ds = select(vec4f(), exp2(s - pair.x) * (dp - pair.y), seen);
      ${accumulate(lanes, 'dq', 'ds', 'keys')}
    }
  }
  if (query >= ${tokens}u) { return; }
  ${each(lanes, (i) => `store_dq(vector, ${i * parts}u + part, dq${i} * ${literal(scale)});`)}`,
    }),
    workgroups: spread(tiles * rows * heads),
  };
}

/** Reads q, k, v, gradient of out, pairs[, segments]; writes dk and dv. */
export function attentionKeys(
  shape: AttentionShape,
  { subgroups, segments }: BackwardOptions,
): Sized {
  const { rows, tokens, heads, keyHeads, width, scale } = shape;
  const lanes = lanesOf(width, MOST, subgroups);
  const { padded, parts, tile } = lanes;
  const tiles = Math.ceil(tokens / lanes.vectors);
  const group = heads / keyHeads;
  return {
    kernel: kernel({
      name: `attentionBackward dK dV [${rows}, ${tokens}, ${heads}/${keyHeads}, ${width}]`,
      reads: [
        ...['q', 'k', 'v', 'dy'].map((name) => vectors(name, width)),
        ['pairs', 'vec2f'],
        ...segmentsOf(segments),
      ],
      writes: [vectors('dk', width), vectors('dv', width)],
      enable: extensions(lanes),
      workgroup: [lanes.lanes, 1],
      declarations: `
${['q', 'k', 'v', 'dy'].map((name) => loader(name, width, padded)).join('\n')}
${storer('dk', width, padded)}
${storer('dv', width, padded)}
${summer(lanes)}
var<workgroup> queries: array<vec4f, ${tile * padded}>;
var<workgroup> gradients: array<vec4f, ${tile * padded}>;
var<workgroup> near_pairs: array<vec2f, ${tile}>;
${segments ? `var<workgroup> ids: array<i32, ${tile}>;` : ''}`,
      body: `let number = ${GROUP};
  if (number >= ${tiles * rows * keyHeads}u) { return; }
  let stretch = number / ${rows * keyHeads}u;
  let row = number % ${rows * keyHeads}u / ${keyHeads}u;
  let key_head = number % ${keyHeads}u;
  let part = lane % ${parts}u;
  let token = stretch * ${lanes.vectors}u + lane / ${parts}u;
  let own = min(token, ${tokens - 1}u);
  let vector = (row * ${tokens}u + own) * ${keyHeads}u + key_head;
  ${each(lanes, (i) => `let k${i} = load_k(vector, ${i * parts}u + part) * ${literal(scale * LOG2_E)}; let v${i} = load_v(vector, ${i * parts}u + part); var dk${i} = vec4f(); var dv${i} = vec4f();`)}
  ${segments ? `let segment = segments[row * ${tokens}u + own];` : ''}
  for (var head = key_head * ${group}u; head < (key_head + 1u) * ${group}u; head++) {
    for (var start = stretch * ${lanes.vectors}u / ${tile}u * ${tile}u; start < ${tokens}u; start += ${tile}u) {
      workgroupBarrier();
      for (var i = lane; i < ${tile * padded}u; i += ${lanes.lanes}u) {
        let query = min(start + i / ${padded}u, ${tokens - 1}u);
        let source = (row * ${tokens}u + query) * ${heads}u + head;
        queries[i] = load_q(source, i % ${padded}u);
        gradients[i] = load_dy(source, i % ${padded}u);
      }
      if (lane < ${tile}u) {
        let query = min(start + lane, ${tokens - 1}u);
        near_pairs[lane] = pairs[(row * ${heads}u + head) * ${tokens}u + query];
        ${segments ? `ids[lane] = segments[row * ${tokens}u + query];` : ''}
      }
      workgroupBarrier();
      let count = min(${tile}u, ${tokens}u - start);
      for (var j = 0u; j < count; j += ${BLOCK}u) {
        let near = j * ${padded}u + part;
        ${products(lanes, 's', 'k', 'queries')}
        ${products(lanes, 'dp', 'v', 'gradients')}
        s = whole(s, lane, 0u);
        dp = whole(dp, lane, 1u);
        let query = start + j + vec4u(0u, 1u, 2u, 3u);
        let seen = (query >= vec4u(own)) & (query < vec4u(${tokens}u))${inSegment(segments)};
        let log_sum = vec4f(near_pairs[j].x, near_pairs[j + 1u].x, near_pairs[j + 2u].x, near_pairs[j + 3u].x);
        let expected = vec4f(near_pairs[j].y, near_pairs[j + 1u].y, near_pairs[j + 2u].y, near_pairs[j + 3u].y);
        let p = select(vec4f(), exp2(s - log_sum), seen);
        let ds = p * (dp - expected);
        ${accumulate(lanes, 'dv', 'p', 'gradients')}
        ${accumulate(lanes, 'dk', 'ds', 'queries')}
      }
    }
  }
  if (token >= ${tokens}u) { return; }
  ${each(lanes, (i) => `store_dk(vector, ${i * parts}u + part, dk${i} * ${literal(scale)}); store_dv(vector, ${i * parts}u + part, dv${i});`)}`,
    }),
    workgroups: spread(tiles * rows * keyHeads),
  };
}
