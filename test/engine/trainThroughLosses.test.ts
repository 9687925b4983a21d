import { describe, expect, it } from 'vitest';
import { GlassboxError } from '../../src/base/errors';
import type { RunEvent } from '../../src/engine/train/train';
import { trainThroughLosses } from '../../src/engine/trainThroughLosses';

const lost = new GlassboxError('backend-lost', 'The GPU was lost.');
const start = { kind: 'start', run: '/runs/a' } as const;
const checkpoint = { kind: 'checkpoint', step: 3, path: '/runs/a/checkpoints/3' } as const;
const done = { kind: 'done', run: '/runs/a', checkpoint: '/runs/a/checkpoints/9' } as const;
const begun: RunEvent = {
  ...start,
  ...{ steps: 9, parameters: 1, tokens: 1, validationTokens: 0, vocab: 2, backend: '', threads: 1 },
  precision: 'f32',
  answers: false,
};

async function* saying(events: readonly RunEvent[], end?: Error): AsyncGenerator<RunEvent> {
  await Promise.resolve();
  yield* events;
  if (end) throw end;
}

/** What the run yields when its attempts give these events, and what was opened and disposed of. */
function attempts(...streams: (() => AsyncIterable<RunEvent>)[]) {
  const log: string[] = [];
  const next = (what: string) => {
    log.push(what);
    return streams.shift()!();
  };
  const events = trainThroughLosses({
    open: () => {
      log.push('open');
      const dispose = (): Promise<void> => Promise.resolve(void log.push('dispose'));
      return Promise.resolve({ backend: { dispose } });
    },
    start: () => next('start'),
    resume: (folder) => next(`resume ${folder}`),
  });
  return { log, events };
}

const kinds = async (events: AsyncIterable<RunEvent>): Promise<string[]> => {
  const seen: string[] = [];
  for await (const { kind } of events) seen.push(kind);
  return seen;
};

describe('a run that loses its GPU', () => {
  it('goes on from its newest checkpoint on a device opened anew', async () => {
    const { log, events } = attempts(
      () => saying([begun, checkpoint], lost),
      () => saying([begun, done]),
    );
    expect(await kinds(events)).toEqual(['start', 'checkpoint', 'note', 'start', 'done']);
    expect(log).toEqual(['open', 'start', 'dispose', 'open', 'resume /runs/a', 'dispose']);
  });

  it('gives up where nothing was saved since the last loss', async () => {
    const { log, events } = attempts(
      () => saying([begun, checkpoint], lost),
      () => saying([begun], lost),
    );
    await expect(kinds(events)).rejects.toBe(lost);
    expect(log.filter((each) => each === 'dispose')).toHaveLength(2);
  });

  it('goes on before anything was saved, as long as each time it gets further', async () => {
    const step = (number: number): RunEvent => ({
      ...{ kind: 'train', step: number, tokens: number, loss: 1, lr: 1, gradNorm: 1 },
      ...{ tokensPerSecond: 1, stepMs: 1, time: 0 },
    });
    const { log, events } = attempts(
      () => saying([begun, step(1), step(2)], lost),
      () => saying([begun, step(1), step(2), step(3)], lost),
      () => saying([begun, step(1), step(2), step(3)], lost),
    );
    await expect(kinds(events)).rejects.toBe(lost);
    expect(log.filter((each) => each.startsWith('resume'))).toHaveLength(2);
  });

  it('leaves every other failure as it is', async () => {
    const failure = new GlassboxError('loss-not-finite', 'The loss is NaN.');
    const { log, events } = attempts(() => saying([begun, checkpoint], failure));
    await expect(kinds(events)).rejects.toBe(failure);
    expect(log).toEqual(['open', 'start', 'dispose']);
  });
});
