/** The half float nearest to a number, the even one of two; beyond the largest, infinity. */
export function toHalf(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const step = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10);
  const steps = x / step;
  const below = Math.floor(steps);
  const above = steps - below;
  const up = above > 0.5 || (above === 0.5 && below % 2 !== 0);
  const rounded = (below + (up ? 1 : 0)) * step;
  return Math.abs(rounded) > 65504 ? Math.sign(x) * Infinity : rounded;
}
