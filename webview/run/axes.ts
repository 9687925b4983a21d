/** Where a chart's axes have their marks and their ends. */
import type { Axis } from './records';

const TIMES = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 4, 6, 12, 24, 48, 96, 240, 480].map((hours) => hours * 3600),
];

/** The distances that the marks of the horizontal axis may have, shortest first. */
export function increments(axis: Axis): number[] {
  if (axis === 'seconds') return TIMES;
  return Array.from({ length: 14 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();
}

/** Values of a logarithmic axis that deserve a mark: round ones, some `wanted` of them. */
export function logarithmicMarks(from: number, to: number, wanted: number): number[] {
  if (!(from > 0) || !(to > from)) return [];
  if (to / from < 10) {
    // Less than a decade: round numbers at equal distances.
    const rough = (to - from) / Math.max(2, wanted);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 5].find((n) => n * power >= rough) ?? 10);
    const first = Math.ceil(from / step - 1e-9);
    const last = Math.floor(to / step + 1e-9);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
      Number(((first + i) * step).toPrecision(12)),
    );
  }
  const decades = Math.log10(to / from);
  const each = decades > wanted ? [1] : decades * 3 > wanted * 1.5 ? [1, 3] : [1, 2, 5];
  const every = Math.max(1, Math.ceil(decades / Math.max(2, wanted)));
  const marks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    if (power % every !== 0) continue;
    for (const n of each) {
      const mark = n * 10 ** power;
      if (mark >= from * 0.999 && mark <= to * 1.001) marks.push(Number(mark.toPrecision(12)));
    }
  }
  return marks;
}

/** A little room above and below. @param power whether these are powers of ten. */
export function padded(from: number | null, to: number | null, power: boolean): [number, number] {
  if (from === null || to === null || !Number.isFinite(from) || !Number.isFinite(to)) return [0, 1];
  const room = (to - from) * 0.06 || (power ? 0.01 : Math.abs(to) * 0.1) || 1;
  // A line that never leaves the positive side needs no room below zero.
  return [!power && from >= 0 && from < room ? 0 : from - room, to + room];
}
