/**
 * Lines of any length as at most two points for each column of pixels: the lowest and the highest
 * value in it, in the order in which they came. What is drawn looks the same, and the time that it
 * takes depends on the picture's width alone. All lines of a chart share one grid of columns, which
 * is the aligned form that uPlot takes.
 */
import { countBelow, countUpTo } from './columns';

export interface Line {
  /** Ascending. */
  readonly x: Float64Array;
  /** As many; NaN where nothing was measured. */
  readonly y: Float64Array;
}

/** What is seen: from and to on the horizontal axis, cut into columns. */
export interface Grid {
  readonly from: number;
  readonly to: number;
  readonly columns: number;
}

/** `null` breaks the line, `undefined` doesn't: there is no value of this line at this place. */
export type Value = number | null | undefined;

/** The places: the left edge, two for each column, the right edge. */
export function placesOf({ from, to, columns }: Grid): number[] {
  const width = (to - from) / columns;
  const places = [from];
  for (let column = 0; column < columns; column++)
    places.push(from + (column + 0.25) * width, from + (column + 0.75) * width);
  places.push(to);
  return places;
}

/** A line's value at each place of the grid. */
export function decimate({ x, y }: Line, { from, to, columns }: Grid): Value[] {
  const values = new Array<Value>(2 * columns + 2).fill(undefined);
  const first = countBelow(x, from);
  const end = countUpTo(x, to);
  values[0] = crossing(x, y, first, from);
  values[values.length - 1] = crossing(x, y, end, to);
  const width = (to - from) / columns;
  for (let column = 0, i = first; i < end; column++) {
    const next = column === columns - 1 ? Infinity : from + (column + 1) * width;
    if (x[i]! >= next) continue;
    let [lowest, highest] = [-1, -1];
    for (; i < end && x[i]! < next; i++) {
      const value = y[i]!;
      if (!Number.isFinite(value)) continue;
      if (lowest < 0) lowest = highest = i;
      else if (value < y[lowest]!) lowest = i;
      else if (value > y[highest]!) highest = i;
    }
    const place = 1 + 2 * column;
    if (lowest < 0) values[place] = null;
    else if (lowest === highest) {
      const later = x[lowest]! >= from + (column + 0.5) * width;
      values[later ? place + 1 : place] = y[lowest]!;
    } else {
      values[place] = y[Math.min(lowest, highest)]!;
      values[place + 1] = y[Math.max(lowest, highest)]!;
    }
  }
  return values;
}

/** Where the line between the points `next - 1` and `next` crosses the edge. */
function crossing(x: Float64Array, y: Float64Array, next: number, edge: number): Value {
  if (next <= 0 || next >= x.length) return undefined;
  const [x0, x1, y0, y1] = [x[next - 1]!, x[next]!, y[next - 1]!, y[next]!];
  const value = y0 + ((edge - x0) / (x1 - x0)) * (y1 - y0);
  return Number.isFinite(value) ? value : undefined;
}

/** The row of a line's last point up to `at`; the first one where there is none before. */
export function rowAt(x: Float64Array, at: number): number | undefined {
  if (x.length === 0) return undefined;
  return Math.max(0, countUpTo(x, at) - 1);
}
