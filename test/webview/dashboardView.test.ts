import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logarithmicMarks, padded } from '../../webview/run/axes';
import { countUpTo } from '../../webview/run/columns';
import { decimate, placesOf, rowAt } from '../../webview/run/decimate';
import { panned, sliderAt, smoothingAt, toggled, within, zoomed } from '../../webview/run/view';

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const value = fc.oneof({ weight: 9, arbitrary: finite }, fc.constant(NaN));
const gap = fc.integer({ min: 1, max: 50 });
const line = fc.array(fc.tuple(gap, value), { maxLength: 200 }).map((points) => {
  let at = 0;
  return {
    x: Float64Array.from(points, ([by]) => (at += by)),
    y: Float64Array.from(points, ([, y]) => y),
  };
});
const grid = fc
  .tuple(
    fc.integer({ min: 0, max: 500 }),
    fc.integer({ min: 1, max: 2000 }),
    fc.integer({ min: 1, max: 60 }),
  )
  .map(([from, size, columns]) => ({ from, to: from + size, columns }));

describe('thinning a line out', () => {
  it('gives one value for each place, at ascending places', () => {
    fc.assert(
      fc.property(line, grid, (line, grid) => {
        const places = placesOf(grid);
        expect(decimate(line, grid)).toHaveLength(places.length);
        for (let i = 1; i < places.length; i++)
          expect(places[i]).toBeGreaterThanOrEqual(places[i - 1]!);
      }),
    );
  });

  it('keeps the lowest and the highest value of what is seen, and invents none', () => {
    fc.assert(
      fc.property(line, grid, (line, grid) => {
        const seen = [...line.y].filter(
          (y, i) => Number.isFinite(y) && line.x[i]! >= grid.from && line.x[i]! <= grid.to,
        );
        const drawn = decimate(line, grid)
          .slice(1, -1)
          .filter((y) => typeof y === 'number');
        expect(seen).toEqual(expect.arrayContaining(drawn));
        if (seen.length > 0) {
          expect(Math.min(...drawn)).toBe(Math.min(...seen));
          expect(Math.max(...drawn)).toBe(Math.max(...seen));
        } else expect(drawn).toEqual([]);
      }),
    );
  });

  it('puts a value where it belongs, within half a column', () => {
    fc.assert(
      fc.property(line, grid, (line, grid) => {
        const places = placesOf(grid);
        const width = (grid.to - grid.from) / grid.columns;
        for (const [i, y] of decimate(line, grid).entries()) {
          if (typeof y !== 'number' || i === 0 || i === places.length - 1) continue;
          const near = [...line.x].filter((x) => Math.abs(x - places[i]!) <= width);
          expect(near.map((x) => line.y[line.x.indexOf(x)])).toContain(y);
        }
      }),
    );
  });

  it('carries a line to the edges of what is seen', () => {
    const straight = { x: Float64Array.of(0, 10), y: Float64Array.of(0, 100) };
    const values = decimate(straight, { from: 2, to: 6, columns: 4 });
    expect(values[0]).toBeCloseTo(20);
    expect(values.at(-1)).toBeCloseTo(60);
    expect(values.slice(1, -1).every((value) => value === undefined)).toBe(true);
  });

  it('breaks a line where nothing could be measured', () => {
    const broken = { x: Float64Array.of(1, 2, 3), y: Float64Array.of(1, NaN, 3) };
    expect(decimate(broken, { from: 0, to: 4, columns: 4 })).toContain(null);
  });
});

describe('finding a place', () => {
  it('counts as a search from the start would', () => {
    const ascending = fc
      .array(fc.integer({ min: 0, max: 50 }))
      .map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(ascending, fc.integer({ min: -1, max: 51 }), (values, limit) => {
        const expected = values.filter((value) => value <= limit).length;
        expect(countUpTo(Float64Array.from(values), limit)).toBe(expected);
      }),
    );
  });

  it('reads the last point before a place, else the first', () => {
    const x = Float64Array.of(5, 10, 15);
    expect([0, 5, 12, 99].map((at) => rowAt(x, at))).toEqual([0, 0, 1, 2]);
    expect(rowAt(new Float64Array(), 1)).toBeUndefined();
  });
});

describe('looking at a part', () => {
  const whole = { from: 0, to: 1000 };
  const part = fc
    .tuple(
      fc.double({ min: 0, max: 900, noNaN: true }),
      fc.double({ min: 1, max: 100, noNaN: true }),
    )
    .map(([from, size]) => ({ from, to: from + size }));

  it('never leaves the whole, whatever a person does', () => {
    const act = fc.oneof(
      fc.double({ min: -3, max: 3, noNaN: true }).map((share) => ({ share })),
      fc
        .tuple(
          fc.double({ min: 0.1, max: 10, noNaN: true }),
          fc.double({ min: -9, max: 1009, noNaN: true }),
        )
        .map(([factor, around]) => ({ factor, around })),
    );
    fc.assert(
      fc.property(part, fc.array(act), (first, acts) => {
        let range = first;
        for (const each of acts) {
          const next =
            'share' in each
              ? panned(range, whole, each.share)
              : zoomed(range, whole, each.around, each.factor);
          range = next ?? whole;
          expect(range.from).toBeGreaterThanOrEqual(whole.from);
          expect(range.to).toBeLessThanOrEqual(whole.to + 1e-6);
          expect(range.to).toBeGreaterThan(range.from);
        }
      }),
    );
  });

  it('leaves the place in view that is zoomed around', () => {
    expect(zoomed({ from: 0, to: 100 }, whole, 25, 0.5)).toEqual({ from: 12.5, to: 62.5 });
    expect(zoomed({ from: 100, to: 900 }, whole, 500, 2)).toBeUndefined();
    expect(within({ from: -50, to: 50 }, whole)).toEqual({ from: 0, to: 100 });
  });

  it('toggles names, and a slider says again what it was set to', () => {
    expect(toggled(toggled([], 'a'), 'a')).toEqual([]);
    for (const slider of [0, 1, 33, 50, 100]) expect(sliderAt(smoothingAt(slider))).toBe(slider);
  });
});

describe('an axis', () => {
  it('has a few round marks between its ends, within a decade and over many', () => {
    const low = fc.double({ min: 1e-6, max: 1e3, noNaN: true });
    const ratio = fc.double({ min: 1.01, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(low, ratio, (from, ratio) => {
        const marks = logarithmicMarks(from, from * ratio, 7);
        expect(marks.length).toBeLessThanOrEqual(16);
        if (ratio > 2) expect(marks.length).toBeGreaterThan(0);
        for (const mark of marks) {
          expect(mark).toBeGreaterThanOrEqual(from * 0.998);
          expect(mark).toBeLessThanOrEqual(from * ratio * 1.002);
        }
      }),
    );
    expect(logarithmicMarks(2.1, 2.6, 6)).toEqual([2.1, 2.2, 2.3, 2.4, 2.5, 2.6]);
    expect(logarithmicMarks(0, 5, 6)).toEqual([]);
  });

  it('has room around a line, a flat one and none', () => {
    expect(padded(null, null, false)).toEqual([0, 1]);
    const [low, high] = padded(3, 3, false);
    expect(low).toBeLessThan(3);
    expect(high).toBeGreaterThan(3);
    expect(padded(0, 10, false)[0]).toBe(0);
  });
});
