/** Products for benchmarks: [rows, inner] @ [inner, columns] of random numbers, and whether one is right. */
import { Rng } from '../../src/base/rng';

export interface MatmulCase {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** "768x384x1024": rows, inner axis, columns. */
export function readCase(text: string): MatmulCase {
  const [rows, inner, columns, ...rest] = text.split('x').map(Number);
  if (!rows || !inner || !columns || rest.length > 0)
    throw new Error(`${text} is no product such as 768x384x1024`);
  return { rows, inner, columns };
}

export const flopsOf = ({ rows, inner, columns }: MatmulCase): number => 2 * rows * inner * columns;

export function operands({ rows, inner, columns }: MatmulCase): {
  a: Float32Array;
  b: Float32Array;
} {
  const rng = new Rng(7);
  const draw = (size: number): Float32Array =>
    Float32Array.from({ length: size }, () => rng.normal());
  return { a: draw(rows * inner), b: draw(inner * columns) };
}

/** Throws where one of a thousand numbers of the result, among them the last, is not the product's. */
export function check(
  { rows, inner, columns }: MatmulCase,
  { a, b }: { a: Float32Array; b: Float32Array },
  y: ArrayLike<number>,
): void {
  if (y.length !== rows * columns) throw new Error(`The result has ${y.length} numbers`);
  const step = Math.max(1, Math.floor(y.length / 1000));
  for (let at = y.length - 1; at >= 0; at -= step) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a[row * inner + k]! * b[k * columns + column]!;
    const off = Math.abs(y[at]! - sum);
    if (!(off < 1e-5 * inner)) throw new Error(`Number ${at} is ${y[at]}, not ${sum}`);
  }
}
