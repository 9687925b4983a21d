import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bytesText, countText, durationText, lossText } from '../../src/host/formats';
import { isRunName, nameFrom, recipeOf, stepsIn } from '../../src/host/runs/runPlan';
import { Throttle } from '../../src/host/runs/throttle';

describe('a planned run', () => {
  it('becomes a recipe that measures a short run as often as a long one', () => {
    const plan = { name: 'a', paths: 'sample', preset: 'tiny' } as const;
    expect(recipeOf({ ...plan, steps: 200 }).train).toMatchObject({
      ...{ steps: 200, warmup: 20, evalEvery: 20, sampleEvery: 40, checkpointEvery: 50 },
    });
    expect(recipeOf({ ...plan, steps: 100_000 }).train).toMatchObject({
      ...{ warmup: 50, evalEvery: 100, sampleEvery: 200, checkpointEvery: 250 },
    });
    expect(recipeOf({ ...plan, steps: 1 }).train.evalEvery).toBe(1);
  });

  it('is named after anything', () => {
    expect(nameFrom('My notes (2).txt')).toBe('My-notes-2-.txt');
    expect(nameFrom('...')).toBe('run');
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => isRunName(nameFrom(text))));
  });

  it('takes whole numbers of steps as people write them', () => {
    expect(stepsIn('1000')).toBe(1000);
    expect(stepsIn('1,000')).toBe(1000);
    expect(stepsIn('10 000')).toBe(10_000);
    for (const text of ['', '0', '-1', '1.5', 'many', '1e3', '12345678901'])
      expect(stepsIn(text)).toBeUndefined();
  });
});

describe('numbers', () => {
  it('are short', () => {
    expect([5, 90, 3600, 9060, 200_000].map(durationText)).toEqual([
      ...['5 s', '2 min', '1 h', '2 h 31 min', '2 d'],
    ]);
    expect([100, 755e6, 3.1e9, 40e9].map(bytesText)).toEqual(['1 kB', '755 MB', '3.1 GB', '40 GB']);
    expect([950, 50_257, 1.3e6, 124e6].map(countText)).toEqual(['950', '50k', '1.3M', '124M']);
    expect(lossText(null)).toBe('NaN');
  });
});

describe('a throttle', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('works at once, then at most once in its time, and never after it was disposed', () => {
    vi.useFakeTimers();
    let done = 0;
    const throttle = new Throttle(250, () => done++);
    for (let asked = 0; asked < 10; asked++) throttle.ask();
    expect(done).toBe(1);
    vi.advanceTimersByTime(249);
    expect(done).toBe(1);
    vi.advanceTimersByTime(1);
    expect(done).toBe(2);
    vi.advanceTimersByTime(1000);
    expect(done).toBe(2);
    throttle.ask();
    throttle.ask();
    throttle.dispose();
    vi.advanceTimersByTime(1000);
    expect(done).toBe(3);
  });
});
