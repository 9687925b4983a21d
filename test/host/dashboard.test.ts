import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Feed } from '../../src/host/dashboard/feed';
import { shownRun, titleOf } from '../../src/host/dashboard/shownRun';
import { sameRuns } from '../../src/host/dashboard/sameRuns';
import { foldersOf } from '../../src/host/runs/targets';
import type { RunView } from '../../src/host/runs/runView';
import type { TrainEvent } from '../../src/protocol/messages';
import { watchEventSchema } from '../../src/protocol/runSurface';
import type { WatchEvent } from '../../src/protocol/runSurface';

const old: RunView = {
  ...{ folder: '/runs/a', name: 'a', state: 'running', pid: 7, step: 3, steps: 9, tokens: 30 },
  ...{ loss: null, checkpoints: [], started: 1, updated: 2 },
};
const view: RunView = {
  ...old,
  live: {
    ...{ backend: 'onnx', precision: 'f32', threads: 1, parameters: 10, tokensPerSecond: 5 },
    ...{ secondsLeft: undefined, memory: undefined, note: undefined },
  },
};
const page = { files: 'x/', parameters: 99, memory: 1e6 };
const note = (text: string): TrainEvent => ({ kind: 'note', text });

describe('what a page is told', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('comes at once, then at most four times a second, with nothing left out', () => {
    const told: WatchEvent[] = [];
    const feed = new Feed(
      () => [shownRun('/runs/a', view, page)],
      (event) => told.push(event),
    );
    feed.runsChanged();
    for (let i = 0; i < 100; i++) {
      feed.hear('/runs/a', note(String(i)));
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(1000);
    expect(told.length).toBeLessThanOrEqual(6);
    const texts = told.flatMap(({ news }) =>
      news.map(({ event }) => (event.kind === 'note' ? event.text : '')),
    );
    expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    expect(told.map(({ runs }) => runs !== undefined)).toEqual([
      true,
      ...told.slice(1).map(() => false),
    ]);
    for (const event of told) expect(watchEventSchema.safeParse(event).success).toBe(true);
    feed.hear('/runs/a', note('late'));
    feed.dispose();
    feed.hear('/runs/a', note('later'));
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  it('is the run as the views show it, and where its files are', () => {
    const shown = shownRun('/runs/a', view, page);
    expect(shown).toMatchObject({ name: 'a', state: 'running', parameters: 10, files: 'x/' });
    expect(shown.live).toEqual({
      backend: 'onnx',
      precision: 'f32',
      tokensPerSecond: 5,
      memory: 1e6,
    });
    const over: RunView = { ...old, state: 'interrupted' };
    expect(shownRun('/runs/a', over, page)).toMatchObject({
      resumable: true,
      extendable: false,
      parameters: 99,
    });
    expect(shownRun('/runs/gone', undefined, page)).toMatchObject({
      name: 'gone',
      state: 'missing',
      resumable: false,
      extendable: false,
    });
  });
});

describe('which runs a command is for', () => {
  it('takes a folder, several, a tree item or a selection', () => {
    expect(foldersOf('/a')).toEqual(['/a']);
    expect(foldersOf(['/a', '/b', '/a'])).toEqual(['/a', '/b']);
    expect(foldersOf({ folder: '/a' })).toEqual(['/a']);
    expect(foldersOf({ folder: '/a' }, [{ folder: '/a' }, { folder: '/b' }])).toEqual(['/a', '/b']);
    for (const nothing of [undefined, null, '', 3, {}, { folder: 3 }, []])
      expect(foldersOf(nothing)).toEqual([]);
  });

  it('knows the same runs in another order', () => {
    expect(sameRuns(['/a', '/b'], ['/b', '/a'])).toBe(true);
    expect(sameRuns(['/a'], ['/a', '/b'])).toBe(false);
    expect(titleOf(['/r/a', '/r/b'], String)).toBe('a, b');
    expect(titleOf(['/r/a', '/r/b', '/r/c'], (count) => `${count} runs`)).toBe('3 runs');
  });
});
