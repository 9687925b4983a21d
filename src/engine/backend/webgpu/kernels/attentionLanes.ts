/**
 * What the attention kernels share: how a head's vectors lie over the lanes of a workgroup, and the
 * WGSL to read, write and multiply them.
 *
 * A lane owns one query (or key) and keeps its vector in registers, as numbered variables, so that no
 * driver has to be trusted to unroll a loop over an array. The other side streams past in tiles in
 * workgroup memory, where all lanes read the same address at once: each vec4 so read feeds one vec4 of
 * multiply-adds for each vector owned. Where the registers of one lane would not hold what it owns,
 * neighbouring lanes own a vector together (`parts`), each every `parts`-th vec4 of it, and add up their
 * parts of the scores: by a subgroup's shuffles, or through workgroup memory on devices without.
 *
 * Widths that are no multiple of 4 are read element by element and padded with zeros: right, and slow.
 */
import { GlassboxError } from '../../../../base/errors';
import type { Parameter } from '../kernel';

export interface AttentionShape {
  readonly rows: number;
  readonly tokens: number;
  readonly heads: number;
  readonly keyHeads: number;
  /** Of a head. */
  readonly width: number;
  /** Of the scores. */
  readonly scale: number;
}

export interface Lanes {
  /** vec4s of a vector in memory. */
  readonly vec4s: number;
  /** The same, made a multiple of `parts`. */
  readonly padded: number;
  /** Lanes that own a vector together. */
  readonly parts: number;
  /** vec4s of a vector that one lane owns. */
  readonly own: number;
  /** Lanes of a workgroup, and the vectors they own. */
  readonly lanes: number;
  readonly vectors: number;
  /** Vectors in a tile of the other side, of which there are two kinds (k and v, or q and dO). */
  readonly tile: number;
  readonly subgroups: boolean;
}

/** Workgroup memory for tiles, in vec4: half of what every device has. */
const TILE_MEMORY = 512;
/** What is owned together is found in a subgroup, of which the smallest have 4 lanes. */
const MOST_PARTS = 4;
/** Scores computed at a time, held as one vec4. */
export const BLOCK = 4;
/** Far below any score, and finite: a difference of two is no NaN. */
export const NEVER = '-3.0e38';
export const LOG2_E = Math.LOG2E;

/** `most`: vec4s of one vector that a lane can own, given how many vectors it keeps at a time. */
export function lanesOf(width: number, most: number, subgroups: boolean): Lanes {
  const vec4s = Math.ceil(width / 4);
  const parts = Math.min(MOST_PARTS, 2 ** Math.ceil(Math.log2(Math.max(1, vec4s / most))));
  const own = Math.ceil(vec4s / parts);
  const padded = own * parts;
  const tile = Math.min(64, 2 ** Math.floor(Math.log2(TILE_MEMORY / 2 / padded)));
  if (!(tile >= BLOCK)) {
    throw new GlassboxError('backend-compile', `WebGPU has no attention for heads of ${width}.`, {
      remedy: 'Compute with --backend onnx, on the CPU.',
    });
  }
  const lanes = parts === MOST_PARTS && subgroups ? 128 : 64;
  return { vec4s, padded, parts, own, lanes, vectors: lanes / parts, tile, subgroups };
}

/** Lines of WGSL, one for each vec4 that a lane owns. */
export function each({ own }: Lanes, line: (i: number) => string): string {
  return Array.from({ length: own }, (_, i) => line(i)).join('\n');
}

/** A storage tensor of vectors of `width`, as vec4 where it can be. */
export function vectors(name: string, width: number): Parameter {
  return [name, width % 4 === 0 ? 'vec4f' : 'f32'];
}

/** `load_<name>(vector, c)`: the c-th vec4 of a vector; zero beyond its width. */
export function loader(name: string, width: number, padded: number): string {
  const vec4s = Math.ceil(width / 4);
  const beyond = padded > vec4s ? `if (c >= ${vec4s}u) { return vec4f(); }\n  ` : '';
  const body =
    width % 4 === 0
      ? `${beyond}return ${name}[vector * ${vec4s}u + c];`
      : `var x = vec4f();
  for (var e = 0u; e < 4u && c * 4u + e < ${width}u; e++) { x[e] = ${name}[vector * ${width}u + c * 4u + e]; }
  return x;`;
  return `fn load_${name}(vector: u32, c: u32) -> vec4f {
  ${body}
}`;
}

/** `store_<name>(vector, c, x)`, which drops what is beyond the width. */
export function storer(name: string, width: number, padded: number): string {
  const vec4s = Math.ceil(width / 4);
  const beyond = padded > vec4s ? `if (c >= ${vec4s}u) { return; }\n  ` : '';
  const body =
    width % 4 === 0
      ? `${beyond}${name}[vector * ${vec4s}u + c] = x;`
      : `for (var e = 0u; e < 4u && c * 4u + e < ${width}u; e++) { ${name}[vector * ${width}u + c * 4u + e] = x[e]; }`;
  return `fn store_${name}(vector: u32, c: u32, x: vec4f) {
  ${body}
}`;
}

/**
 * `whole(x, lane, slot)`: the sum of x over the lanes that own a vector together, the same bits on each.
 * Calls take turns with `slot` 0 and 1, so that one barrier each is enough.
 */
export function summer({ parts, lanes, subgroups }: Lanes): string {
  const head = 'fn whole(x: vec4f, lane: u32, slot: u32) -> vec4f';
  if (parts === 1) return `${head} { return x; }`;
  if (subgroups) {
    const rounds = parts === 2 ? [1] : [1, 2];
    const lines = rounds.map((span) => `sum += subgroupShuffleXor(sum, ${span}u);`);
    return `${head} {\n  var sum = x;\n  ${lines.join('\n  ')}\n  return sum;\n}`;
  }
  const others = Array.from({ length: parts }, (_, i) => `shared_parts[first + ${i}u]`);
  return `var<workgroup> shared_parts: array<vec4f, ${2 * lanes}>;
${head} {
  shared_parts[slot * ${lanes}u + lane] = x;
  workgroupBarrier();
  let first = slot * ${lanes}u + lane / ${parts}u * ${parts}u;
  return ${others.join(' + ')};
}`;
}

/** The WGSL extensions that `summer` uses. */
export function extensions({ parts, subgroups }: Lanes): string[] {
  return parts > 1 && subgroups ? ['subgroups'] : [];
}

/**
 * Declares `<result>`, a vec4f: the products of the owned vector `<owned>0`, `<owned>1`, ... with the
 * `BLOCK` vectors of `tile` from number `j` on. Kept as vec4 until the end, where the lane's own parts
 * are added up.
 */
export function products(lanes: Lanes, result: string, owned: string, tile: string): string {
  const { padded, parts } = lanes;
  const numbers = Array.from({ length: BLOCK }, (_, n) => n);
  const lines = each(lanes, (i) =>
    numbers
      .map((n) => `${result}${n} += ${owned}${i} * ${tile}[near + ${n * padded + i * parts}u];`)
      .join(' '),
  );
  const sums = numbers.map((n) => `dot(${result}${n}, vec4f(1.0))`);
  return `${numbers.map((n) => `var ${result}${n} = vec4f();`).join(' ')}
${lines}
var ${result} = vec4f(${sums.join(', ')});`;
}

/** `<target>i += sum over the BLOCK of factors.n * tile[n]`, for each vec4 owned. */
export function accumulate(lanes: Lanes, target: string, factors: string, tile: string): string {
  const { padded, parts } = lanes;
  return each(lanes, (i) => {
    const terms = ['x', 'y', 'z', 'w'].map(
      (n, at) => `${factors}.${n} * ${tile}[near + ${at * padded + i * parts}u]`,
    );
    return terms.map((term) => `${target}${i} += ${term};`).join(' ');
  });
}

/** WGSL, for the tokens of a tile from number `j` on: and of the owned vector's segment, if there are any. */
export function inSegment(segments: boolean): string {
  const ids = ['ids[j]', 'ids[j + 1u]', 'ids[j + 2u]', 'ids[j + 3u]'];
  return segments ? ` & (vec4i(segment) == vec4i(${ids.join(', ')}))` : '';
}
