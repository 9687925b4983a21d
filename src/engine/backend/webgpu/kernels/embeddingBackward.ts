/**
 * The gradient of a table whose rows were read by ids: rows of equal ids are added up, in the order of
 * their tokens, without atomics, so that equal runs give equal bits. In two kernels:
 *
 * - `rankIds` sorts the tokens by id: each counts the smaller ids, and the equal ones before it. That
 *   is a comparison for each pair of tokens, but a cheap one, out of the cache: 8,192 tokens take 64
 *   million, some ten microseconds of a large GPU. The first token of each id notes where in the order
 *   the id's run starts, and how long it is.
 * - `sumRows` writes the whole table, row by row: bound by its bytes (150 MB for 50,000 x 768, where
 *   most rows are zero). Where tokens are many for each row (a vocabulary of characters, of which the
 *   blank alone is a sixth of the text), 16 lanes share a run and meet in workgroup memory.
 *
 * Nobody clears the notes of ids that don't occur; what is left there from earlier runs doesn't matter,
 * because a note counts only if the token that it leads to has that id (Briggs and Torczon, "An efficient
 * representation for sparse sets", 1993).
 */
import { GROUP, kernel, LANES, spread } from '../kernel';
import type { Kernel } from '../kernel';

interface Sized {
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
}

/** Lanes that count for one token. */
const SLICES = 16;
const TOKENS = LANES / SLICES;

/** ids [tokens] -> order [tokens], the tokens by id; notes [2 * rows], start and length of each run. */
export function rankIds(rows: number, tokens: number): Sized {
  const groups = Math.ceil(tokens / TOKENS);
  return {
    kernel: kernel({
      name: `embedding order [${tokens}]`,
      reads: [['ids', 'i32']],
      writes: [
        ['order', 'u32'],
        ['notes', 'vec2<u32>'],
      ],
      // Counted for each lane: smaller ids, equal ones before, equal ones in all.
      declarations: `var<workgroup> counts: array<vec3u, ${LANES}>;`,
      body: `let number = ${GROUP};
  if (number >= ${groups}u) { return; }
  let token = number * ${TOKENS}u + lane % ${TOKENS}u;
  let id = ids[min(token, ${tokens - 1}u)];
  var count = vec3u();
  for (var other = lane / ${TOKENS}u; other < ${tokens}u; other += ${SLICES}u) {
    let its = ids[other];
    count += select(vec3u(), vec3u(1u), vec3<bool>(its < id, its == id && other < token, its == id));
  }
  counts[lane] = count;
  workgroupBarrier();
  if (lane >= ${TOKENS}u || token >= ${tokens}u) { return; }
  for (var slice = 1u; slice < ${SLICES}u; slice++) { count += counts[slice * ${TOKENS}u + lane]; }
  order[count.x + count.y] = token;
  if (count.y == 0u) { notes[min(u32(id), ${rows - 1}u)] = vec2u(count.x, count.z); }`,
    }),
    workgroups: spread(groups),
  };
}

/** ids, order, notes, gradient [tokens, width] -> [rows, width]. */
export function sumRows(rows: number, width: number, tokens: number): Sized {
  const wide = width % 4 === 0;
  const type = wide ? 'vec4<f32>' : 'f32';
  const across = wide ? width / 4 : width;
  const slices = tokens >= 8 * rows ? SLICES : 1;
  const columns = LANES / slices;
  const blocks = Math.ceil(across / columns);
  const groups = slices === 1 ? Math.ceil((rows * across) / LANES) : rows * blocks;
  // A lane's row and column; those past the end take the last, and don't write.
  const place =
    slices === 1
      ? `let i = number * ${LANES}u + lane;
  if (i >= ${rows * across}u) { return; }
  let row = i / ${across}u;
  let column = i % ${across}u;`
      : `let row = number / ${blocks}u;
  let within = number % ${blocks}u * ${columns}u + lane % ${columns}u;
  let column = min(within, ${across - 1}u);`;
  const finish =
    slices === 1
      ? 'y[i] = sum;'
      : `partial[lane] = sum;
  workgroupBarrier();
  if (lane >= ${columns}u || within >= ${across}u) { return; }
  for (var slice = 1u; slice < ${slices}u; slice++) { sum += partial[slice * ${columns}u + lane]; }
  y[row * ${across}u + column] = sum;`;
  return {
    kernel: kernel({
      name: `embedding gradient [${rows}, ${width}] of [${tokens}]`,
      reads: [
        ['ids', 'i32'],
        ['order', 'u32'],
        ['notes', 'vec2<u32>'],
        ['gradient', type],
      ],
      writes: [['y', type]],
      declarations: slices === 1 ? '' : `var<workgroup> partial: array<${type}, ${LANES}>;`,
      body: `let number = ${GROUP};
  if (number >= ${groups}u) { return; }
  ${place}
  let note = notes[row];
  var sum = ${type}();
  if (note.x < ${tokens}u && ids[order[min(note.x, ${tokens - 1}u)]] == i32(row)) {
    for (var at = note.x + lane / ${columns}u; at < note.x + note.y; at += ${slices}u) {
      sum += gradient[order[at] * ${across}u + column];
    }
  }
  ${finish}`,
    }),
    workgroups: spread(groups),
  };
}
