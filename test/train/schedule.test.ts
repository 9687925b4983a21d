import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scheduleAt } from '../../src/engine/train/train';

const base = {
  steps: 100,
  warmup: 10,
  minLrFraction: 0.1,
  warmdownFraction: 0.4,
  schedule: 'constant',
} as const;

describe('the learning rate over a run', () => {
  it('rises in a straight line, then stays', () => {
    const at = (step: number): number => scheduleAt(step, base);
    expect([at(1), at(5), at(10), at(11), at(100)]).toEqual([0.1, 0.5, 1, 1, 1]);
    expect(at(1_000_000)).toBe(1);
  });

  it('falls as half a cosine from the end of the warm-up to the last step', () => {
    const at = (step: number): number => scheduleAt(step, { ...base, schedule: 'cosine' });
    expect(at(10)).toBe(1);
    // A third of the way: 0.1 + 0.9 * (1 + cos 60°) / 2.
    expect(at(40)).toBeCloseTo(0.775, 12);
    expect(at(55)).toBeCloseTo(0.55, 12);
    expect(at(70)).toBeCloseTo(0.325, 12);
    expect(at(100)).toBeCloseTo(0.1, 12);
    expect(at(120)).toBeCloseTo(0.1, 12);
  });

  it('stays, then falls in a straight line over the last share of the steps', () => {
    const at = (step: number): number => scheduleAt(step, { ...base, schedule: 'warmdown' });
    expect([at(11), at(60)]).toEqual([1, 1]);
    expect(at(61)).toBeCloseTo(1 - 0.9 / 40, 12);
    expect(at(80)).toBeCloseTo(0.55, 12);
    expect(at(100)).toBeCloseTo(0.1, 12);
  });

  it('does not fall where no share of the steps is given to it', () => {
    const none = { ...base, schedule: 'warmdown', warmdownFraction: 0 } as const;
    expect(scheduleAt(100, none)).toBe(1);
  });

  it('only rises where the run ends within the warm-up', () => {
    for (const schedule of ['constant', 'cosine', 'warmdown'] as const)
      expect(scheduleAt(4, { ...base, schedule, steps: 4 })).toBe(0.4);
  });

  it('is between the least and one, whatever the settings', () => {
    const settings = fc.record({
      steps: fc.integer({ min: 1, max: 500 }),
      warmup: fc.integer({ min: 0, max: 500 }),
      minLrFraction: fc.double({ min: 0, max: 1, noNaN: true }),
      warmdownFraction: fc.double({ min: 0, max: 1, noNaN: true }),
      schedule: fc.constantFrom('constant', 'cosine', 'warmdown'),
    });
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 600 }), (drawn, step) => {
        const rate = scheduleAt(step, drawn);
        const least = step <= drawn.warmup ? 0 : drawn.minLrFraction;
        expect(rate).toBeGreaterThanOrEqual(least - 1e-12);
        expect(rate).toBeLessThanOrEqual(1);
      }),
    );
  });
});
