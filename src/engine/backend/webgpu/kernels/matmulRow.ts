/**
 * One to eight rows by a weight [columns, inner], as in decoding. Bound by the bytes of the weight,
 * each of which is read once: half of a workgroup's 64 lanes run along the inner axis of one column
 * (512 bytes side by side at a time), the other half along the next column's. With more rows a lane has
 * several columns, so that what it reads of the rows, out of the cache, serves all of them. The lanes'
 * sums meet in workgroup memory, behind one barrier. Small workgroups, for a weight of 768 columns is
 * then spread over all of a large GPU.
 *
 * Between two dispatches that need each other a GPU stands still, on an H100 for longer than most of a
 * token's dispatches take. So weights that the same rows meet are one dispatch, each with workgroups of
 * its own, and an RMSNorm that nobody else reads comes along: its factor is the same for all of a row, and
 * every workgroup has the row at hand to compute it. A SwiGLU comes along too: every workgroup computes the
 * row again, out of the cache, in the time in which it waits for its weight.
 */
import { sizeOf } from '../../../graph/graph';
import { GROUP, kernel, literal, spread } from '../kernel';
import type { Sized } from '../kernel';
import { positionOf } from './indexing';
import type { Product } from './matmul';
import { epilogue } from './matmulOperand';
import { swiglu } from './swiglu';

const ALONG = 32;
const SIDES = 2;
/** Weights of one dispatch: with their results, the rows and a norm's weight they are 8 buffers. */
export const MOST_SISTERS = 3;

export interface RowOptions {
  /** The weights are half floats, eight in a vec4<u32>, and the inner axis a multiple of eight. */
  readonly halves?: boolean;
  /** The rows are normalized on their way in (rmsNorm.ts), with this epsilon. */
  readonly epsilon?: number;
  /** The rows are the SwiGLU of two tensors. */
  readonly gated?: boolean;
}

/**
 * Reads the rows (gate and up, or the rows and the norm's weight, where they are made here), each
 * product's weight, and what the epilogue reads, of which several products have none; writes the result
 * of each. Halves are half of the bytes, and nothing else is rounded.
 */
export function matmulRow(products: readonly Product[], options: RowOptions = {}): Sized {
  const { halves = false, epsilon, gated = false } = options;
  const [{ rows, inner, batch, batchA, batchB }] = products as [Product];
  const alone = products.length === 1;
  const wide = inner % 4 === 0;
  const type = wide ? 'vec4<f32>' : 'f32';
  const steps = halves ? inner / 8 : wide ? inner / 4 : inner;
  const stepsA = halves ? 2 * steps : steps;
  const own = rows <= 2 ? 1 : rows <= 4 ? 2 : 4;
  const ends: number[] = [];
  for (const { columns } of products)
    ends.push((ends.at(-1) ?? 0) + sizeOf(batch) * Math.ceil(columns / (SIDES * own)));
  const { reads, result } = epilogue(alone ? products[0] : undefined, 'f32');
  const each = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join('\n');
  const sums = Array.from({ length: rows * own }, (_, index) => ({
    name: `sum${index}`,
    row: Math.floor(index / own),
    column: index % own,
  }));
  const squares = epsilon === undefined ? [] : Array.from({ length: rows }, (_, row) => row);
  const kept = [...sums.map(({ name }) => name), ...squares.map((row) => `square${row}`)];
  const square = (value: string): string =>
    wide ? `dot(${value}, ${value})` : `${value} * ${value}`;

  /** The row's numbers at step `k`: as they lie, for their squares, and as the weights meet them. */
  const rowAt = (row: number): string => {
    const parts = halves
      ? [
          ['', '2u * k'],
          ['Rest', '2u * k + 1u'],
        ]
      : [['', 'k']];
    return parts
      .map(([part, step]) => {
        const name = `a${row}${part!}`;
        const at = `aStart + ${row * stepsA}u + ${step!}`;
        if (gated)
          return `let gate${name} = a[${at}]; let ${name} = ${swiglu(`gate${name}`, `up[${at}]`, type)};`;
        if (epsilon === undefined) return `let ${name} = a[${at}];`;
        return `let bare${name} = a[${at}]; square${row} += ${square(`bare${name}`)}; let ${name} = bare${name} * norm[${step!}];`;
      })
      .join(' ');
  };

  const sister = ({ columns }: Product, index: number): string => {
    const [b, y] = alone ? ['b', 'y'] : [`b${index}`, `y${index}`];
    const before = index === 0 ? 0 : ends[index - 1]!;
    const groups = Math.ceil(columns / (SIDES * own));
    return `
let number = group_number - ${before}u;
let matrix = number / ${groups}u;
let first = number % ${groups}u * ${SIDES * own}u;
let aStart = (${positionOf(batch, batchA, 'matrix')}) * ${rows * stepsA}u;
let bStart = (${positionOf(batch, batchB, 'matrix')}) * ${columns * steps}u;
${each(own, (column) => `let w${column}At = bStart + min(first + side * ${own}u + ${column}u, ${columns - 1}u) * ${steps}u;`)}
${kept.map((name) => `var ${name} = 0.0;`).join(' ')}
for (var k = along; k < ${steps}u; k += ${ALONG}u) {
  ${each(own, (column) => `let w${column} = ${b}[w${column}At + k];`)}
  ${halves ? each(own, (column) => widened(`w${column}`)) : ''}
  ${each(rows, rowAt)}
  ${sums.map(({ name, row, column }) => `${name} += ${halves ? `dot(a${row}, w${column}Low) + dot(a${row}Rest, w${column}High)` : wide ? `dot(a${row}, w${column})` : `a${row} * w${column}`};`).join('\n')}
}
${kept.map((name, at) => `partial[(${at * SIDES}u + side) * ${ALONG + 1}u + along] = ${name};`).join('\n')}
workgroupBarrier();
let row = lane / ${SIDES * own}u;
let column = first + lane % ${SIDES}u * ${own}u + lane / ${SIDES}u % ${own}u;
if (row < ${rows}u && column < ${columns}u) {
var sum = 0.0;
for (var k = 0u; k < ${ALONG}u; k++) { sum += partial[lane * ${ALONG + 1}u + k]; }
${
  epsilon === undefined
    ? ''
    : `var square = 0.0;
for (var k = 0u; k < ${ALONG}u; k++) { square += partial[(${sums.length * SIDES}u + row * ${SIDES}u) * ${ALONG + 1}u + k]; }
sum /= sqrt(square / ${literal(inner)} + ${literal(epsilon)});`
}
let at = (matrix * ${rows}u + row) * ${columns}u + column;
${y}[at] = ${result('sum', 'at', 'column')};
}`;
  };

  const shapes = products.map(({ columns }) => [...batch, rows, inner, columns].join(', '));
  return {
    kernel: kernel({
      name: `matmul row${halves ? ' of halves' : ''} [${shapes.join('; ')}]${epsilon === undefined ? '' : ' normalized'}${gated ? ' gated' : ''}`,
      reads: [
        ['a', type],
        ...(gated ? [['up', type] as const] : []),
        ...(epsilon === undefined ? [] : [['norm', type] as const]),
        ...products.map(
          (_, index) => [alone ? 'b' : `b${index}`, halves ? 'vec4<u32>' : type] as const,
        ),
        ...reads,
      ],
      writes: products.map((_, index) => (alone ? 'y' : `y${index}`)),
      workgroup: [ALONG * SIDES, 1],
      // One number of padding a line: the lanes that add the lines up then read from other banks.
      declarations: `var<workgroup> partial: array<f32, ${kept.length * SIDES * (ALONG + 1)}>;`,
      body: `
let group_number = ${GROUP};
if (group_number >= ${ends.at(-1)!}u) { return; }
let along = lane % ${ALONG}u;
let side = lane / ${ALONG}u;
${products.map((product, index) => `if (group_number < ${ends[index]!}u) {${sister(product, index)}\n}`).join(' else ')}`,
    }),
    workgroups: spread(ends.at(-1)!),
  };
}

/** WGSL: the eight halves of a number's name as `Low` and `High`. */
function widened(name: string): string {
  const two = (part: string): string => `unpack2x16float(${name}.${part})`;
  return `let ${name}Low = vec4f(${two('x')}, ${two('y')});
let ${name}High = vec4f(${two('z')}, ${two('w')});`;
}
