/** Exact fractions: a numerator and a positive denominator without a common divisor. */

export interface Rational {
  readonly over: bigint;
  readonly under: bigint;
}

/** Longer numbers are refused: a power of a power would fill the memory. */
const MOST_BITS = 4096;
/** Decimals after the point are written out where the fraction has that many at most. */
const MOST_DECIMALS = 12;

/** @throws Error where `under` is 0, or the numbers are too long */
export function rational(over: bigint, under = 1n): Rational {
  if (under === 0n) throw new Error('division by zero');
  const divisor = greatestCommonDivisor(over, under) * (under < 0n ? -1n : 1n);
  const result = { over: over / divisor, under: under / divisor };
  if (bits(result.over) > MOST_BITS || bits(result.under) > MOST_BITS)
    throw new Error('the number is too long');
  return result;
}

export const add = (a: Rational, b: Rational): Rational =>
  rational(a.over * b.under + b.over * a.under, a.under * b.under);
export const negate = (a: Rational): Rational => ({ over: -a.over, under: a.under });
export const subtract = (a: Rational, b: Rational): Rational => add(a, negate(b));
export const multiply = (a: Rational, b: Rational): Rational =>
  rational(a.over * b.over, a.under * b.under);
export const divide = (a: Rational, b: Rational): Rational =>
  rational(a.over * b.under, a.under * b.over);

/** What is left of a division that is rounded down, as in Python: it has the divisor's sign. */
export function remainder(a: Rational, b: Rational): Rational {
  const quotient = divide(a, b);
  const down = quotient.over / quotient.under;
  const exact = down * quotient.under === quotient.over;
  const floor = quotient.over < 0n && !exact ? down - 1n : down;
  return subtract(a, multiply(rational(floor), b));
}

/** @throws Error where the exponent is no whole number, or the result too long */
export function power(base: Rational, exponent: Rational): Rational {
  if (exponent.under !== 1n) throw new Error('a power must be a whole number');
  const times = exponent.over < 0n ? -exponent.over : exponent.over;
  const [over, under] = exponent.over < 0n ? [base.under, base.over] : [base.over, base.under];
  const longest = BigInt(Math.max(bits(over), bits(under)) - 1);
  if (longest * times > BigInt(MOST_BITS)) throw new Error('the number is too long');
  // 0, 1 and -1 stay short however often they are multiplied.
  const count = longest === 0n ? times % 2n || (times === 0n ? 0n : 2n) : times;
  return rational(over ** count, under ** count);
}

/** 7, -0.25, 1/3: a decimal number where it ends soon, else a fraction. */
export function show({ over, under }: Rational): string {
  if (under === 1n) return String(over);
  for (let decimals = 1, scale = 10n; decimals <= MOST_DECIMALS; decimals++, scale *= 10n) {
    if ((over * scale) % under !== 0n) continue;
    const digits = String(((over < 0n ? -over : over) * scale) / under).padStart(decimals + 1, '0');
    return `${over < 0n ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  }
  return `${over}/${under}`;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y > 0n) [x, y] = [y, x % y];
  return x;
}

function bits(value: bigint): number {
  return (value < 0n ? -value : value).toString(2).length;
}
