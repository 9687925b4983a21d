/**
 * Answers by how sure a model was of them, as points to draw: across how sure, upwards how often right,
 * with Wilson's interval. On the diagonal it is as often right as it is sure. Pure.
 */
import { wilson } from './wilson';

/** Answers whose confidence lies from `from` to `to`. */
export interface ConfidenceBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly right: number;
  /** The mean confidence; 0 where there is none. */
  readonly mean: number;
}

/** All shares, from 0 to 1. */
export interface ConfidencePoint {
  readonly bin: ConfidenceBin;
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
  /** The answers of the bin beside those of the fullest one. */
  readonly filled: number;
}

/** Of the bins that hold answers. */
export function confidencePoints(bins: readonly ConfidenceBin[]): ConfidencePoint[] {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  return bins
    .filter(({ count }) => count > 0)
    .map((bin) => {
      const { mean: x, right, count } = bin;
      const [low, high] = wilson(right, count);
      return { bin, x, y: right / count, low, high, filled: count / most };
    });
}
