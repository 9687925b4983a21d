import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/engine/interop/interop';
import { startRun } from '../../src/engine/train/train';
import type { RunEvent } from '../../src/engine/train/train';
import {
  checkpoint,
  checkpointNames,
  collect,
  context,
  failure,
  goOn,
  metrics,
  never,
  sampleText,
  smallRecipe,
  testFolder,
  timeless,
  train,
  watching,
  weights,
  writeText,
} from './runs';

const folder = testFolder();
const text = writeText(folder);
const at = (name: string): string => path.join(folder, name);

/** Runs until its program that gives `output` is about to run for the `time`-th time, and stops it. */
async function stopped(
  run: string,
  recipe: ReturnType<typeof smallRecipe>,
  { output, time }: { output: string; time: number },
): Promise<RunEvent[]> {
  const stop = new AbortController();
  let times = 0;
  const stopping = watching((outputs) => {
    if (outputs.includes(output) && ++times === time) stop.abort();
  });
  const events: RunEvent[] = [];
  const running = (async () => {
    for await (const event of startRun(recipe, { folder: run }, stopping, stop.signal))
      events.push(event);
  })();
  await running;
  expect(events.at(-1)).toMatchObject({ kind: 'stopped', run });
  return events;
}

describe('the records of a run', () => {
  it('have a line for every step, with these keys in this order', async () => {
    const run = at('format');
    await train(smallRecipe(text, 'train.steps=7'), run);
    const lines = metrics(run);
    expect(lines.map(({ kind, step }) => `${kind} ${step}`)).toEqual([
      ...['train 1', 'train 2', 'train 3', 'train 4', 'train 5', 'eval 5', 'train 6', 'train 7'],
      'eval 7',
    ]);
    const keys = 'kind step tokens loss lr gradNorm tokensPerSecond stepMs time';
    for (const line of lines) {
      const expected = line.kind === 'train' ? keys : 'kind step valLoss bitsPerByte';
      expect(Object.keys(line).join(' ')).toBe(expected);
    }
    const first = lines[0]!;
    expect(first).toMatchObject({ tokens: 2 * 16, lr: 0.005 });
    expect(Number(first['tokensPerSecond'])).toBeCloseTo((32 / Number(first['stepMs'])) * 1000, 6);
    expect(new Date(Number(first['time'])).getFullYear()).toBeGreaterThan(2000);
    expect(readFileSync(path.join(run, 'metrics.jsonl'), 'utf8').endsWith('}\n')).toBe(true);
  });

  it('are what the events say', async () => {
    const run = at('events');
    const events = await train(smallRecipe(text, 'train.steps=6', 'train.sampleEvery=3'), run);
    const told = events.filter(({ kind }) => kind === 'train' || kind === 'eval');
    expect(told).toEqual(metrics(run));
    const samples = events.filter(({ kind }) => kind === 'sample');
    expect(samples.map((each) => 'step' in each && each.step)).toEqual([0, 3, 6]);
    const written = readFileSync(path.join(run, 'samples.jsonl'), 'utf8').trimEnd().split('\n');
    expect(written.map((line): unknown => JSON.parse(line))).toEqual(samples);
  });

  it('end with a measurement of all the text that was held out', async () => {
    const recipe = smallRecipe(text, 'train.steps=5', 'train.evalTokens=16');
    const [some, all] = [at('some'), at('all')];
    await train(recipe, some);
    await train({ ...recipe, train: { ...recipe.train, evalTokens: 0 } }, all);
    expect(metrics(some).at(-1)).toEqual(metrics(all).at(-1));
    // One window of 16 tokens is another text than 25 of them.
    await goOn(some, ['train.steps=10']);
    await goOn(all, ['train.steps=10']);
    const onTheWay = (run: string): unknown =>
      metrics(run).filter(({ kind, step }) => kind === 'eval' && step === 5);
    expect(onTheWay(some)).toEqual(onTheWay(all));
  });
});

describe('the same seed', () => {
  it('gives the same run, and another seed another', async () => {
    const run = async (name: string, seed: number): Promise<unknown[]> => {
      await train(smallRecipe(text, 'train.steps=4', `seed=${seed}`), at(name));
      return timeless(at(name));
    };
    const first = await run('seed 3', 3);
    expect(await run('seed 3 again', 3)).toEqual(first);
    expect(weights(at('seed 3'), 4).equals(weights(at('seed 3 again'), 4))).toBe(true);
    const other = await run('seed 4', 4);
    expect(other).not.toEqual(first);
  });
});

describe('checkpoints', () => {
  it('are kept to the newest ones and the best', async () => {
    const run = at('best');
    // It learns for 10 steps, then the rate is a thousand times what is good.
    await train(smallRecipe(text, 'train.steps=10', 'train.checkpointEvery=2'), run);
    await goOn(run, ['train.steps=20', 'train.lr=10']);
    const best = JSON.parse(
      readFileSync(path.join(run, 'checkpoints', 'best.json'), 'utf8'),
    ) as Record<string, number>;
    expect(best['step']).toBeLessThanOrEqual(12);
    expect(checkpointNames(run).sort()).toEqual(
      [
        ...new Set([`step-${String(best['step']).padStart(6, '0')}`, 'step-000018', 'step-000020']),
      ].sort(),
    );
  });

  it('compare like with like: the last measurement of all the text decides nothing', async () => {
    const run = at('alike');
    await train(smallRecipe(text, 'train.steps=10', 'train.evalTokens=16'), run);
    const best = JSON.parse(
      readFileSync(path.join(run, 'checkpoints', 'best.json'), 'utf8'),
    ) as Record<string, number>;
    expect(best).toMatchObject({ step: 10, tokens: 16 });
    const position = JSON.parse(
      readFileSync(path.join(checkpoint(run, 10), 'training.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect(position['measured']).toEqual(best);
    expect(metrics(run).at(-1)!['valLoss']).not.toBe(best['valLoss']);
  });

  it('leave frozen parameters as they were, byte for byte', async () => {
    const [from, run] = [at('unfrozen'), at('frozen')];
    await train(smallRecipe(text, 'train.steps=5'), from);
    const freeze = 'model.freeze=["model.layers.0.mlp.*", "*norm*"]';
    await train(smallRecipe(text, 'train.steps=5', 'seed=2', freeze), run);
    const initial = at('initial');
    await train(smallRecipe(text, 'train.steps=1', 'train.lr=1e-30', 'seed=2'), initial);
    const [trained, start] = await Promise.all(
      [checkpoint(run, 5), checkpoint(initial, 1)].map((each) =>
        openSafetensors(path.join(each, 'model.safetensors')),
      ),
    );
    for (const name of trained!.tensors.keys()) {
      const same = Buffer.from((await trained!.readF32(name)).buffer).equals(
        Buffer.from((await start!.readF32(name)).buffer),
      );
      expect(`${name} ${same}`).toBe(`${name} ${/mlp|norm/.test(name)}`);
    }
    await trained!.close();
    await start!.close();
  });

  it('are where another run can start from, with their tokenizer', async () => {
    const [from, run] = [at('from'), at('started from')];
    await train(
      smallRecipe(text, 'train.steps=10', 'tokenizer.kind=bpe', 'tokenizer.vocab=270'),
      from,
    );
    const other = writeText(folder, 'other.txt', sampleText(3000).toUpperCase());
    const recipe = smallRecipe(other, 'train.steps=1', 'train.lr=1e-30', 'tokenizer.kind=bpe');
    await train({ ...recipe, model: { freeze: [], from: checkpoint(from, 10) } }, run);
    expect(weights(run, 1).equals(weights(from, 10))).toBe(true);
    const tokenizer = (place: string): string =>
      readFileSync(path.join(place, 'tokenizer.json'), 'utf8');
    expect(tokenizer(run)).toBe(tokenizer(from));
  });
});

describe('numbers that run away', () => {
  const runaway = ['train.lr=1e30', 'train.gradientClip=0', 'train.warmup=0', 'train.steps=9'];

  it('end the run, which says that no checkpoint was written', async () => {
    const run = at('runaway');
    const thrown = await failure(train(smallRecipe(text, ...runaway), run));
    expect(thrown).toMatchObject({
      code: 'loss-not-finite',
      message: expect.stringContaining('No good checkpoint') as string,
      remedy: expect.stringContaining('train.lr') as string,
    });
    expect(checkpointNames(run)).toEqual([]);
    for (const line of metrics(run)) expect(Number.isFinite(line['loss'])).toBe(true);
  });

  it.each([
    ['with a text held out', []],
    ['without one', ['data.validationFraction=0']],
  ])('keep the last good checkpoint, and say where it is, %s', async (name, settings) => {
    const run = at(`kept ${name}`);
    await train(smallRecipe(text, ...settings, 'train.steps=5'), run);
    const good = weights(run, 5);
    // Each step of the broken part would like to be a checkpoint, and to push out the good one.
    const broken = [...runaway, 'train.checkpointEvery=1', 'train.keepCheckpoints=1'];
    const thrown = await failure(goOn(run, broken));
    expect(thrown).toMatchObject({
      code: 'loss-not-finite',
      message: expect.stringContaining(checkpoint(run, 5)) as string,
    });
    expect(checkpointNames(run)).toEqual(['step-000005']);
    expect(weights(run, 5).equals(good)).toBe(true);
    // And it can go on from there.
    const healed = ['train.lr=0.01', 'train.steps=6', 'train.gradientClip=1'];
    expect((await goOn(run, healed)).at(-1)).toMatchObject({ kind: 'done' });
  });
});

describe('a run that is stopped', () => {
  const recipe = smallRecipe(
    text,
    ...['train.steps=9', 'train.checkpointEvery=0', 'train.evalEvery=3', 'train.sampleEvery=4'],
  );

  it.each([
    ['in a step', { output: 'gradientNorm', time: 2 }, 2],
    ['while it measures', { output: 'nll', time: 2 }, 3],
    ['while it writes a sample', { output: 'logits', time: 6 }, 4],
  ])('%s writes a checkpoint of the last finished step', async (name, when, step) => {
    const run = at(`stopped ${name}`);
    const events = await stopped(run, recipe, when);
    expect(events.at(-2)).toMatchObject({ kind: 'checkpoint', step });
    expect(events.at(-1)).toMatchObject({ step, checkpoint: checkpoint(run, step) });
    expect(checkpointNames(run)).toEqual([`step-${String(step).padStart(6, '0')}`]);
    expect(metrics(run).filter(({ kind }) => kind === 'train')).toHaveLength(step);
  });

  it('goes on to what it would have become, samples and measurements included', async () => {
    const whole = at('stopped whole');
    await train(recipe, whole);
    const samples = (run: string): string => readFileSync(path.join(run, 'samples.jsonl'), 'utf8');
    for (const name of ['while it measures', 'while it writes a sample']) {
      const run = at(`stopped ${name}`);
      await goOn(run);
      expect(timeless(run)).toEqual(timeless(whole));
      expect(samples(run)).toBe(samples(whole));
      expect(weights(run, 9).equals(weights(whole, 9))).toBe(true);
    }
  });

  it('gives up a step that has more batches to come', async () => {
    const run = at('stopped among batches');
    const accumulating = { ...recipe, train: { ...recipe.train, accumulate: 4 } };
    await stopped(run, accumulating, { output: 'loss', time: 6 });
    expect(checkpointNames(run)).toEqual(['step-000001']);
    await goOn(run);
    const whole = at('among batches whole');
    await train(accumulating, whole);
    expect(timeless(run)).toEqual(timeless(whole));
    expect(weights(run, 9).equals(weights(whole, 9))).toBe(true);
  });

  it('has the checkpoint of its end before all the text is measured', async () => {
    const run = at('stopped at the end');
    // Checkpoint: 4 windows in 2 batches; then all.
    const short = { ...recipe, train: { ...recipe.train, steps: 2, evalEvery: 0 } };
    await stopped(run, short, { output: 'nll', time: 3 });
    expect(checkpointNames(run)).toEqual(['step-000002']);
    expect(metrics(run).map(({ kind }) => kind)).toEqual(['train', 'train']);
    await goOn(run);
    expect(metrics(run).at(-1)).toMatchObject({ kind: 'eval', step: 2 });
  });
});

describe('a run that is stopped after its last step', () => {
  it('is done where nothing is left to measure', async () => {
    const stop = new AbortController();
    const recipe = smallRecipe(text, 'train.steps=2', 'data.validationFraction=0');
    const events: RunEvent[] = [];
    const running = startRun(recipe, { folder: at('stopped when done') }, context, stop.signal);
    for await (const event of running) {
      events.push(event);
      if (event.kind === 'train' && event.step === 2) stop.abort();
    }
    expect(events.at(-1)).toMatchObject({ kind: 'done' });
  });
});

describe('what cannot be shown', () => {
  it('never ends a training: prompts that cannot be spelt or are too long', async () => {
    const digits = writeText(folder, 'digits.txt', '0123456789 '.repeat(200));
    const prompts = 'samples.prompts=["The ", "12345678901234567890", "12"]';
    const settings = ['tokenizer.kind=char', 'train.steps=2', 'train.sampleEvery=1', prompts];
    const events = await train(smallRecipe(digits, ...settings), at('prompts'));
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
    expect(notes.filter((note) => note.startsWith('No sample'))).toHaveLength(2);
    const samples = events.flatMap((event) => (event.kind === 'sample' ? [event.prompt] : []));
    expect(samples).toEqual(['12', '12', '12']);
    expect(events.at(-1)).toMatchObject({ kind: 'done' });
  });

  it('a held-out text of one token', async () => {
    const tiny = writeText(folder, 'tiny.txt', 'abcdefghij'.repeat(10));
    const settings = ['data.validationFraction=0.01', 'train.steps=2'];
    const events = await train(smallRecipe(tiny, ...settings), at('one token'));
    expect(events.at(-1)).toMatchObject({ kind: 'done' });
    expect(metrics(at('one token')).map(({ kind }) => kind)).toEqual(['train', 'train']);
  });

  it('notes come while the text is read, not after', async () => {
    const events = startRun(
      smallRecipe(text, 'train.steps=1'),
      { folder: at('notes') },
      context,
      never,
    );
    const first = await events.next();
    expect(first.value).toMatchObject({ kind: 'note' });
    const rest = await collect(events);
    expect(rest.at(-1)).toMatchObject({ kind: 'done' });
  });
});
