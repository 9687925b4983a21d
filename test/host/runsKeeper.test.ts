/** The life of runs with the real bookkeeping and an engine that a test plays by hand. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { AsyncQueue } from '../../src/base/asyncQueue';
import { GlassboxError } from '../../src/base/errors';
import { RunKeeper } from '../../src/host/runs/runKeeper';
import { isActive, isResumable } from '../../src/host/runs/runView';
import type { Memory } from '../../src/host/runs/runBook';
import type { RunNews } from '../../src/host/runs/runView';
import type { RunSummary } from '../../src/protocol/catalogMessages';
import type { TrainEvent, TrainRequest } from '../../src/protocol/messages';
import { recipeSchema } from '../../src/recipe/run';

const RUNS = path.resolve('/workspace/.glassbox/runs');
const FOLDER = path.join(RUNS, 'whales');
const recipe = recipeSchema.parse({ name: 'whales', train: { steps: 500 } });

const summary = (changes: Partial<RunSummary> = {}): RunSummary => ({
  ...{ folder: FOLDER, name: 'whales', state: 'stopped', step: 250, steps: 500, tokens: 1000 },
  checkpoints: [{ step: 250, folder: path.join(FOLDER, 'checkpoints', 'step-000250') }],
  ...{ started: 1, updated: 2 },
  ...changes,
});

const started: TrainEvent = {
  ...{ kind: 'start', run: FOLDER, steps: 500, parameters: 1_300_000, tokens: 9000 },
  ...{
    validationTokens: 1000,
    vocab: 512,
    backend: 'onnxruntime, CPU',
    precision: 'f32',
    threads: 1,
    answers: false,
  },
};
const step = (number: number): TrainEvent => ({
  ...{ kind: 'train', step: number, tokens: number * 100, loss: 3, lr: 1e-3, gradNorm: 1 },
  ...{ tokensPerSecond: 1000, stepMs: 100, time: number * 100 },
});
const stopped: TrainEvent = { kind: 'stopped', run: FOLDER, step: 7, checkpoint: FOLDER };

function setUp(memory: Memory = {}) {
  let disk: RunSummary[] = [];
  const said: {
    memory: Memory;
    readonly news: RunNews[];
    readonly failures: unknown[];
    readonly requests: TrainRequest[];
  } = { memory, news: [], failures: [], requests: [] };
  let events = new AsyncQueue<TrainEvent>();
  const keeper = new RunKeeper({
    methods: () =>
      Promise.resolve({
        runs: () => Promise.resolve(disk),
        train: (request, signal) => {
          said.requests.push(request);
          const mine = (events = new AsyncQueue<TrainEvent>());
          signal.addEventListener('abort', () =>
            mine.fail(new GlassboxError('cancelled', 'Cancelled.')),
          );
          return mine;
        },
        stopRun: () => {
          events.push(stopped);
          events.end();
          return Promise.resolve(null);
        },
      }),
    folders: () => [RUNS],
    memory,
    onMemory: (now) => (said.memory = now),
    onChange: () => undefined,
    onNews: (each) => said.news.push(each),
    onFailure: (_, error) => said.failures.push(error),
    onUnread: (error) => said.failures.push(error),
  });
  return {
    keeper,
    said,
    onDisk: (...summaries: RunSummary[]) => (disk = summaries),
    say: (...all: TrainEvent[]) => {
      for (const each of all) events.push(each);
    },
    end: () => events.end(),
    fail: (error: unknown) => events.fail(error),
    heard: (count: number) => expect.poll(() => said.news.length).toBe(count),
  };
}

async function running() {
  const engine = setUp();
  const begun = engine.keeper.start(recipe, FOLDER);
  await expect.poll(() => engine.said.requests.length).toBe(1);
  engine.say(started);
  await begun;
  return engine;
}

describe('a run of this window', () => {
  it('is starting until the engine has begun it, and is then followed step by step', async () => {
    const engine = setUp();
    const begun = engine.keeper.start(recipe, FOLDER);
    expect(engine.keeper.get(FOLDER)).toMatchObject({ state: 'starting', step: 0, steps: 500 });
    await expect.poll(() => engine.said.requests.length).toBe(1);
    engine.say({ kind: 'note', text: 'Counting words' });
    await begun;
    expect(engine.keeper.get(FOLDER)?.live?.note).toBe('Counting words');
    engine.say(started, step(1), step(2), { kind: 'eval', step: 2, valLoss: 4, bitsPerByte: 2 });
    await engine.heard(5);
    const run = engine.keeper.get(FOLDER)!;
    expect(run).toMatchObject({ state: 'running', step: 2, tokens: 200, loss: 3, valLoss: 4 });
    // 498 steps at 100 ms each.
    expect(run.live?.secondsLeft).toBeCloseTo(49.8);
    expect(isActive(run)).toBe(true);
  });

  it('is remembered as running, so that a window that closes finds it again as cut off', async () => {
    const { said } = await running();
    expect(said.memory).toEqual({ [FOLDER]: 'running' });
    const next = setUp(said.memory);
    next.onDisk(summary());
    await next.keeper.refresh();
    expect(next.keeper.get(FOLDER)).toMatchObject({ state: 'interrupted' });
    expect(isResumable(next.keeper.get(FOLDER)!)).toBe(true);
  });

  it('is nothing to remember for a window that sees it go on in another', async () => {
    const next = setUp({ [FOLDER]: 'running' });
    for (const at of [2, 3]) {
      next.onDisk(summary({ state: 'running', step: at }));
      await next.keeper.refresh();
    }
    // So far it may be the engine of the window that was here before, with its last step.
    expect(next.said.memory).toEqual({ [FOLDER]: 'running' });
    next.onDisk(summary({ state: 'running', step: 9 }));
    await next.keeper.refresh();
    next.onDisk(summary());
    await next.keeper.refresh();
    expect(next.keeper.get(FOLDER)).toMatchObject({ state: 'stopped' });
    expect(next.said.memory).toEqual({});
  });

  it('is paused or stopped once its last checkpoint is written', async () => {
    for (const how of ['pause', 'stop'] as const) {
      const engine = await running();
      engine.onDisk(summary());
      await engine.keeper[how](FOLDER);
      await engine.keeper.refresh();
      const state = how === 'pause' ? 'paused' : 'stopped';
      expect(engine.keeper.get(FOLDER)?.state).toBe(state);
      expect(engine.said.memory).toEqual(how === 'pause' ? { [FOLDER]: 'paused' } : {});
    }
  });

  it('leaves nothing behind when it is stopped before it has begun', async () => {
    const engine = setUp();
    const begun = engine.keeper.start(recipe, FOLDER);
    const refused = expect(begun).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(() => engine.said.requests.length).toBe(1);
    await engine.keeper.stop(FOLDER);
    await refused;
    expect(engine.keeper.list()).toEqual([]);
    expect(engine.said.failures).toEqual([]);
  });

  it('tells whoever started it what keeps it from beginning, once', async () => {
    const engine = setUp();
    const begun = engine.keeper.start(recipe, FOLDER);
    await expect.poll(() => engine.said.requests.length).toBe(1);
    engine.fail(new GlassboxError('no-text', 'There is no text.'));
    await expect(begun).rejects.toMatchObject({ code: 'no-text' });
    expect(engine.said.failures).toEqual([]);
    expect(engine.keeper.list()).toEqual([]);
  });

  it('fails with its reason, which is told', async () => {
    const engine = await running();
    engine.onDisk(summary({ state: 'failed', problem: 'The loss is NaN.' }));
    engine.fail(new GlassboxError('not-finite', 'The loss is NaN.'));
    await expect.poll(() => engine.said.failures.length).toBe(1);
    await expect
      .poll(() => engine.keeper.get(FOLDER))
      .toMatchObject({ state: 'failed', problem: 'The loss is NaN.' });
  });

  it('whose worker died is told, the engine living on', async () => {
    const engine = await running();
    engine.onDisk(summary({ state: 'interrupted' }));
    const died = new GlassboxError('worker-ended', "The run's worker died.");
    engine.fail(died);
    await expect.poll(() => engine.said.failures).toEqual([died]);
    await engine.keeper.refresh();
    expect(isResumable(engine.keeper.get(FOLDER)!)).toBe(true);
  });

  it('that said it stopped is resumed once it has ended, and can be stopped again', async () => {
    const engine = await running();
    engine.onDisk(summary());
    engine.say(stopped);
    await expect.poll(() => engine.keeper.get(FOLDER)?.state).toBe('stopped');
    await engine.keeper.refresh();
    const resumed = engine.keeper.resume(FOLDER);
    engine.end();
    await expect.poll(() => engine.said.requests.length).toBe(2);
    engine.say({ ...started, resumedFrom: 250 });
    await resumed;
    await engine.keeper.stop(FOLDER);
    expect(engine.keeper.get(FOLDER)?.state).toBe('stopped');
  });

  it('is cut off with the engine, silently here, and resumed from its checkpoint', async () => {
    const engine = await running();
    engine.onDisk(summary({ state: 'interrupted' }));
    engine.fail(new GlassboxError('engine-ended', 'The engine ended.'));
    await expect.poll(() => engine.keeper.get(FOLDER)?.state).toBe('interrupted');
    await engine.keeper.refresh();
    expect(engine.said.failures).toEqual([]);
    const resumed = engine.keeper.resume(FOLDER);
    await expect.poll(() => engine.said.requests.length).toBe(2);
    expect(engine.said.requests[1]).toMatchObject({ kind: 'resume', folder: FOLDER });
    engine.say({ ...started, resumedFrom: 250 });
    await resumed;
    expect(engine.keeper.get(FOLDER)).toMatchObject({ state: 'running', step: 250 });
  });

  it('is neither started nor deleted while it is under way', async () => {
    const { keeper } = await running();
    expect(() => keeper.start(recipe, FOLDER)).toThrow(/under way/);
    const never = (): Promise<void> => Promise.reject(new Error('It was deleted.'));
    await expect(keeper.delete(FOLDER, never)).rejects.toMatchObject({ code: 'run-busy' });
  });
});

describe('a run on the disk', () => {
  it('that another process owns is left to it', async () => {
    const { keeper, onDisk } = setUp();
    onDisk(summary({ state: 'running', pid: 1 }));
    await keeper.refresh();
    expect(keeper.get(FOLDER)?.state).toBe('elsewhere');
    await expect(keeper.resume(FOLDER)).rejects.toMatchObject({ code: 'run-busy' });
    await expect(keeper.stop(FOLDER)).rejects.toMatchObject({ code: 'not-running' });
  });

  it('that is through is not resumed, and is forgotten once it is deleted', async () => {
    const { keeper, onDisk } = setUp();
    onDisk(summary({ state: 'finished', step: 500 }));
    await keeper.refresh();
    await expect(keeper.resume(FOLDER)).rejects.toMatchObject({ code: 'not-resumable' });
    await keeper.delete(FOLDER, () => Promise.resolve());
    expect(keeper.list()).toEqual([]);
  });

  it('that is through makes more steps where more are asked for', async () => {
    const { keeper, onDisk, said, say } = setUp();
    onDisk(summary({ state: 'finished', step: 500 }));
    await keeper.refresh();
    const further = keeper.resume(FOLDER, 800);
    await expect.poll(() => said.requests.length).toBe(1);
    const settings = ['train.steps=800'];
    expect(said.requests[0]).toEqual({ kind: 'resume', folder: FOLDER, settings });
    say({ ...started, steps: 800, resumedFrom: 500 });
    await further;
    expect(keeper.get(FOLDER)).toMatchObject({ state: 'running', step: 500, steps: 800 });
  });

  it('that has no checkpoint makes no more steps', async () => {
    const { keeper, onDisk } = setUp();
    onDisk(summary({ checkpoints: [] }));
    await keeper.refresh();
    await expect(keeper.resume(FOLDER, 800)).rejects.toMatchObject({ code: 'not-resumable' });
  });

  it('is listed with the newest first', async () => {
    const { keeper, onDisk } = setUp();
    const other = path.join(RUNS, 'newer');
    onDisk(summary(), summary({ folder: other, name: 'newer', started: 5 }));
    await keeper.refresh();
    expect(keeper.list().map(({ name }) => name)).toEqual(['newer', 'whales']);
  });
});
