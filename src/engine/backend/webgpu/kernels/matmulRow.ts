/**
 * One to eight rows by a weight [columns, inner], as in decoding. Bound by the bytes of the weight,
 * each of which is read once: half of a workgroup's 64 lanes run along the inner axis of one column
 * (512 bytes side by side at a time), the other half along the next column's. With more rows a lane has
 * several columns, so that what it reads of the rows, out of the cache, serves all of them. The lanes'
 * sums meet in workgroup memory, behind one barrier. Small workgroups, for a weight of 768 columns is
 * then spread over all of a large GPU.
 */
import { sizeOf } from '../../../graph/graph';
import { GROUP, kernel, spread } from '../kernel';
import type { Kernel } from '../kernel';
import { positionOf } from './indexing';
import type { Product } from './matmul';
import { epilogue } from './matmulOperand';

const ALONG = 32;
const SIDES = 2;

/**
 * Reads a, b and what the epilogue reads, writes y. With `halves`, b is half floats, eight in a
 * vec4<u32>, and the inner axis a multiple of eight; half of the bytes, and nothing else is rounded.
 */
export function matmulRow(
  product: Product,
  halves = false,
): {
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
} {
  const { rows, columns, inner, batch, batchA, batchB } = product;
  const wide = inner % 4 === 0;
  const type = wide ? 'vec4<f32>' : 'f32';
  const steps = halves ? inner / 8 : wide ? inner / 4 : inner;
  const stepsA = halves ? 2 * steps : steps;
  const own = rows <= 2 ? 1 : rows <= 4 ? 2 : 4;
  const groups = Math.ceil(columns / (SIDES * own));
  const all = sizeOf(batch) * groups;
  const { reads, result } = epilogue(product, 'f32');
  const sums = Array.from({ length: rows * own }, (_, index) => ({
    name: `sum${index}`,
    row: Math.floor(index / own),
    column: index % own,
  }));
  const each = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join('\n');
  return {
    kernel: kernel({
      name: `matmul row${halves ? ' of halves' : ''} [${[...batch, rows, inner, columns].join(', ')}]`,
      reads: [['a', type], ['b', halves ? 'vec4<u32>' : type], ...reads],
      writes: ['y'],
      workgroup: [ALONG * SIDES, 1],
      // One number of padding a line: the lanes that add the lines up then read from other banks.
      declarations: `var<workgroup> partial: array<f32, ${sums.length * SIDES * (ALONG + 1)}>;`,
      body: `
let number = ${GROUP};
if (number >= ${all}u) { return; }
let matrix = number / ${groups}u;
let first = number % ${groups}u * ${SIDES * own}u;
let along = lane % ${ALONG}u;
let side = lane / ${ALONG}u;
let aStart = (${positionOf(batch, batchA, 'matrix')}) * ${rows * stepsA}u;
let bStart = (${positionOf(batch, batchB, 'matrix')}) * ${columns * steps}u;
${each(own, (column) => `let b${column}At = bStart + min(first + side * ${own}u + ${column}u, ${columns - 1}u) * ${steps}u;`)}
${sums.map(({ name }) => `var ${name} = 0.0;`).join(' ')}
for (var k = along; k < ${steps}u; k += ${ALONG}u) {
  ${each(own, (column) => `let b${column} = b[b${column}At + k];`)}
  ${halves ? each(own, (column) => widened(`b${column}`)) : ''}
  ${each(rows, (row) => {
    const at = `aStart + ${row * stepsA}u + `;
    return halves
      ? `let a${row} = a[${at}2u * k]; let a${row}Rest = a[${at}2u * k + 1u];`
      : `let a${row} = a[${at}k];`;
  })}
  ${sums.map(({ name, row, column }) => `${name} += ${halves ? `dot(a${row}, b${column}Low) + dot(a${row}Rest, b${column}High)` : wide ? `dot(a${row}, b${column})` : `a${row} * b${column}`};`).join('\n')}
}
${sums.map(({ name }, index) => `partial[(${index * SIDES}u + side) * ${ALONG + 1}u + along] = ${name};`).join('\n')}
workgroupBarrier();
let row = lane / ${SIDES * own}u;
let column = first + lane % ${SIDES}u * ${own}u + lane / ${SIDES}u % ${own}u;
if (row >= ${rows}u || column >= ${columns}u) { return; }
var sum = 0.0;
for (var k = 0u; k < ${ALONG}u; k++) { sum += partial[lane * ${ALONG + 1}u + k]; }
let at = (matrix * ${rows}u + row) * ${columns}u + column;
y[at] = ${result('sum', 'at', 'column')};`,
    }),
    workgroups: spread(all),
  };
}

/** WGSL: the eight halves of a number's name as `Low` and `High`. */
function widened(name: string): string {
  const two = (part: string): string => `unpack2x16float(${name}.${part})`;
  return `let ${name}Low = vec4f(${two('x')}, ${two('y')});
let ${name}High = vec4f(${two('z')}, ${two('w')});`;
}
