/**
 * What the kernels of matrix products share: what is done with a sum before it is written; and, of the
 * tiled ones, reading four neighbours of an operand and writing four of the result, whatever the edges. Rows and columns outside are read as the last one and not written;
 * inner elements outside are read as zero. Where the tile divides the shape there is no test at all. An
 * operand whose rows aren't whole vec4 is read number by number.
 */
import { literal } from '../kernel';
import type { Parameter } from '../kernel';
import type { Product } from './matmul';

export const FOUR = [0, 1, 2, 3] as const;

/** One side of the product: a's outer axis is the result's rows, b's its columns. */
export interface Operand {
  readonly name: 'a' | 'b';
  readonly outer: number;
  readonly inner: number;
  /** Its last axis is the inner one. */
  readonly innerLast: boolean;
  /** Its rows are whole vec4. */
  readonly wide: boolean;
}

export function operandsOf({ rows, columns, inner, transposeA, transposeB }: Product): {
  readonly a: Operand;
  readonly b: Operand;
} {
  return {
    a: operandOf('a', rows, inner, !transposeA),
    b: operandOf('b', columns, inner, transposeB),
  };
}

function operandOf(name: 'a' | 'b', outer: number, inner: number, innerLast: boolean): Operand {
  return { name, outer, inner, innerLast, wide: (innerLast ? inner : outer) % 4 === 0 };
}

export const elementOf = ({ name, wide }: Operand): [string, string] => [
  name,
  wide ? 'vec4<f32>' : 'f32',
];
export const matrixSize = ({ outer, inner, wide }: Operand): number =>
  (outer * inner) / (wide ? 4 : 1);

/**
 * WGSL: four neighbours in a row of the operand, of the `quad`th four of row `at`. A row is one of the
 * outer axis where the inner axis is the last, and the other way round. `size` and `depth` are the
 * tile's, along the outer and the inner axis.
 */
export function readFunction(
  { name, outer, inner, innerLast, wide }: Operand,
  size: number,
  depth: number,
): string {
  const [count, length] = innerLast ? [outer, inner] : [inner, outer];
  const cutOuter = outer % size !== 0;
  const cutInner = inner % depth !== 0;
  const row = innerLast && cutOuter ? `min(at, ${count - 1}u)` : 'at';
  const past = innerLast ? `4u * quad >= ${length}u` : `at >= ${count}u`;
  const four = FOUR.map((i) => {
    const element = `${name}[row + min(4u * quad + ${i}u, ${length - 1}u)]`;
    return innerLast ? `select(0.0, ${element}, 4u * quad + ${i}u < ${length}u)` : element;
  });
  const quad = !innerLast && cutOuter ? `min(quad, ${length / 4 - 1}u)` : 'quad';
  return `fn ${name}Four(start: u32, at: u32, quad: u32) -> vec4f {
  ${cutInner ? `if (${past}) { return vec4f(); }` : ''}
  let row = start + ${row} * ${wide ? length / 4 : length}u;
  return ${wide ? `${name}[row + ${quad}]` : `vec4f(${four.join(', ')})`};
}`;
}

/**
 * WGSL: writes four neighbouring columns of a row, as far as they are within the result. `down` and
 * `across` are the tile's.
 */
export function writeFunction(
  { rows, columns }: Product,
  { down, across }: { readonly down: number; readonly across: number },
  result: (sum: string, at: string, column: string) => string,
): string {
  const wide = columns % 4 === 0;
  const tests: string[] = [];
  if (rows % down !== 0) tests.push(`row >= ${rows}u`);
  if (columns % across !== 0) tests.push(`column >= ${columns}u`);
  const outside = tests.length > 0 ? `if (${tests.join(' || ')}) { return; }` : '';
  const at = `(matrix * ${rows}u + row) * ${columns}u + column`;
  const lines = wide
    ? [`let at = (${at}) / 4u;`, `y[at] = ${result('sum', 'at', 'column / 4u')};`]
    : [
        `let at = ${at};`,
        ...FOUR.map((i) => {
          const line = `y[at + ${i}u] = ${result(`sum.${'xyzw'[i]!}`, `(at + ${i}u)`, `column + ${i}u`)};`;
          return i === 0 ? line : `if (column + ${i}u < ${columns}u) { ${line} }`;
        }),
      ];
  return `fn write(matrix: u32, row: u32, column: u32, sum: vec4f) {
  ${outside}
  ${lines.join('\n  ')}
}`;
}

/** Workgroups go down bands of so many tiles, so that those that run together share operands. */
const BAND = 8;

/**
 * WGSL: which tile of which matrix, and which part of the inner axis, workgroup `number` has: `matrix`,
 * `part`, and `aFirst` and `bFirst`, its first row and column.
 */
export function placeOfTile(
  tiles: { readonly down: number; readonly across: number },
  parts: number,
  size: { readonly down: number; readonly across: number },
): string {
  const { down, across } = tiles;
  return `let matrix = number / ${down * across * parts}u;
let part = number / ${down * across}u % ${parts}u;
let within = number % ${down * across}u;
let band = within / ${BAND * across}u * ${BAND}u;
let height = min(${BAND}u, ${down}u - band);
let aFirst = (band + within % ${BAND * across}u % height) * ${size.down}u;
let bFirst = within % ${BAND * across}u / height * ${size.across}u;`;
}

/** What is done with a sum before it is written: its parameters, and WGSL for the result. */
export interface Epilogue {
  readonly reads: readonly Parameter[];
  /** `at` and `column` are positions in elements of `type`. */
  readonly result: (sum: string, at: string, column: string) => string;
}

/** Of no product: the bare sum. */
export function epilogue(product: Product | undefined, type: string): Epilogue {
  const { scale, bias, residual } = product ?? { scale: 1, bias: false, residual: false };
  const reads: Parameter[] = [];
  if (bias) reads.push(['bias', type]);
  if (residual) reads.push(['residual', type]);
  return {
    reads,
    result: (sum, at, column) =>
      [
        scale === 1 ? sum : `${literal(scale)} * ${sum}`,
        ...(bias ? [`bias[${column}]`] : []),
        ...(residual ? [`residual[${at}]`] : []),
      ].join(' + '),
  };
}
