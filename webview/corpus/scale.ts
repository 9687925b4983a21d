/**
 * The axis of one measured value: linear where that shows its thresholds, else logarithmic beyond a
 * tenth of the smallest one, so that thousands and a threshold of 0.1 find room side by side. Places run
 * from 0 to 1. Pure.
 */

type Side = 'above' | 'below';

export interface Scale {
  readonly least: number;
  readonly most: number;
  /** How many bars there are. */
  readonly bins: number;
  readonly logarithmic: boolean;
  /** Only whole numbers occur: a bar stands for each, or for some. */
  readonly whole: boolean;
  /** The bar of a value. */
  readonly binOf: (value: number) => number;
  /** Where the line of a threshold stands: beyond the last value that it lets through. */
  readonly placeOf: (threshold: number, drops: Side) => number;
  /** The threshold at a place, in as many digits as the eye can tell. */
  readonly thresholdAt: (place: number, drops: Side) => number;
  /** The next threshold in a direction, so many steps away. */
  readonly moved: (threshold: number, drops: Side, steps: number) => number;
  /** The value at a place, for the axis's labels. */
  readonly valueAt: (place: number) => number;
}

export interface Limit {
  readonly threshold: number;
  readonly drops: Side;
}

const BINS = 48;
/** From so many times its threshold on a value would leave it no room. */
const FAR = 20;
const STEPS = 100;
/** Less of an axis is nothing. */
const TINY = 1e-6;

/** In so many digits. */
const rounded = (value: number, digits: number): number =>
  value === 0 ? 0 : Number(value.toPrecision(digits));

/** The median of what is above zero. */
function usual(values: readonly number[]): number {
  const positive = values.filter((value) => value > 0).sort((a, b) => a - b);
  return positive[positive.length >> 1] ?? Infinity;
}

export function scaleOf(
  values: readonly number[],
  limits: readonly Limit[],
  isShare: boolean,
): Scale {
  const thresholds = limits.map(({ threshold }) => threshold);
  const whole = !isShare && [...values, ...thresholds].every(Number.isInteger);
  let highest = Math.max(...thresholds, 0);
  for (const value of values) highest = Math.max(highest, value);
  const positive = thresholds.filter((threshold) => threshold > 0);
  const smallest = Math.min(...positive, isShare ? 1 : usual(values), highest);
  const logarithmic = highest > FAR * Math.max(smallest, whole ? 1 : 0);
  const bound = isShare ? Math.min(1, highest * 1.15) : highest * 1.15;
  const most = bound < TINY ? 1 : whole ? Math.ceil(bound) : bound;
  // A threshold at the very end of an axis could not be moved beyond it.
  const least = 0;
  const bend = Math.max(smallest / 10, highest * TINY, whole ? 1 : 0);
  const bars = whole && most < BINS && !logarithmic;
  const bins = bars ? most + 1 : BINS;
  const half = bars ? 0.5 : 0;

  const to = (value: number): number => (logarithmic ? Math.log1p(value / bend) : value);
  const from = (place: number): number => (logarithmic ? Math.expm1(place) * bend : place);
  const [low, high] = [to(least) - half, to(most) + half];
  const placeOfValue = (value: number): number =>
    Math.min(1, Math.max(0, (to(value) - low) / (high - low)));
  const valueAt = (place: number): number => from(low + place * (high - low));

  const shift = (drops: Side): number => (drops === 'above' ? half : -half);
  const clean = (value: number): number => {
    const inside = Math.min(most, Math.max(least, value));
    if (whole) return Math.round(rounded(inside, inside < 100 ? 2 : 3));
    const digits = logarithmic ? 2 : Math.max(1, Math.round(Math.log10(inside / most) + 3));
    return rounded(inside, Math.min(digits, 3));
  };
  const placeOf = (threshold: number, drops: Side): number =>
    placeOfValue(threshold + (logarithmic ? 0 : shift(drops)));
  const thresholdAt = (place: number, drops: Side): number =>
    clean(valueAt(place) - (logarithmic ? 0 : shift(drops)));
  return {
    ...{ least, most, bins, logarithmic, whole, placeOf, thresholdAt, valueAt },
    binOf: (value) => Math.min(bins - 1, Math.floor(placeOfValue(value) * bins)),
    moved: (threshold, drops, steps) => {
      if (bars) return clean(threshold + steps);
      const way = Math.sign(steps);
      // A step that is too small to be told is followed by another.
      for (let far = Math.abs(steps); far <= STEPS; far++) {
        const next = thresholdAt(placeOf(threshold, drops) + (way * far) / STEPS, drops);
        if (next !== threshold) return next;
      }
      return threshold;
    },
  };
}
