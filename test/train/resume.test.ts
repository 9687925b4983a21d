import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { resumeRun, runRecipe } from '../../src/engine/train/train';
import { applySettings } from '../../src/recipe/run';
import {
  checkpoint,
  checkpointNames,
  collect,
  contents,
  failure,
  goOn,
  metrics,
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

const documents = writeText(
  folder,
  'documents.jsonl',
  Array.from(
    { length: 60 },
    (_, i) => `{"text": "Boat ${i} went ${'far '.repeat(i % 5)}away."}\n`,
  ).join(''),
);

describe('a run that is prolonged', () => {
  const variants: Record<string, readonly string[]> = {
    AdamW: [],
    Muon: ['train.optimizer=muon'],
    'accumulated gradients': ['train.accumulate=3'],
    'packed documents': ['data.batching=packed'],
    'Muon, accumulated, packed': [
      ...['train.optimizer=muon', 'train.accumulate=2', 'data.batching=packed'],
    ],
    'frozen parameters': ['model.freeze=["model.embed_tokens.*"]'],
  };

  it.each(Object.entries(variants))('is the same as one planned so: %s', async (name, settings) => {
    const source = settings.includes('data.batching=packed') ? documents : text;
    const [whole, parts] = [at(`${name} whole`), at(`${name} parts`)];
    await train(smallRecipe(source, ...settings, 'train.steps=11'), whole);
    await train(smallRecipe(source, ...settings, 'train.steps=6'), parts);
    await goOn(parts, ['train.steps=11']);
    const trained = (run: string): unknown[] =>
      timeless(run).filter((line) => (line as { kind: string }).kind === 'train');
    expect(trained(parts)).toHaveLength(11);
    expect(trained(parts)).toEqual(trained(whole));
    expect(weights(parts, 11).equals(weights(whole, 11))).toBe(true);
    const state = (run: string): Buffer =>
      readFileSync(path.join(checkpoint(run, 11), 'optimizer.safetensors'));
    expect(state(parts).equals(state(whole))).toBe(true);
  });

  it('has the same measurements, wherever it was interrupted', async () => {
    const [whole, parts] = [at('measured whole'), at('measured parts')];
    const recipe = smallRecipe(text, 'train.steps=12', 'train.evalEvery=3');
    await train(recipe, whole);
    // Stopped by the seventh step's own computation: it still counts.
    const stop = new AbortController();
    let steps = 0;
    const stopping = watching((outputs) => {
      if (outputs.includes('gradientNorm') && ++steps === 7) stop.abort();
    });
    await train({ ...recipe, train: { ...recipe.train, steps: 2 } }, parts);
    const running = resumeRun(
      parts,
      { settings: ['train.steps=12'], out: undefined },
      stopping,
      stop.signal,
    );
    const checkpoint9 = checkpoint(parts, 9);
    expect((await collect(running)).at(-1)).toEqual({
      ...{ kind: 'stopped', run: parts, step: 9, checkpoint: checkpoint9 },
    });
    expect(checkpointNames(parts)).toContain('step-000009');
    await goOn(parts);
    const lines = timeless(parts).filter((line) => !isConclusionOfPart(line));
    expect(lines).toEqual(timeless(whole));
    expect(weights(parts, 12).equals(weights(whole, 12))).toBe(true);
  });

  /** A run of 2 steps measures at its end, where a longer one does not. */
  const isConclusionOfPart = (line: unknown): boolean =>
    (line as { kind: string; step: number }).kind === 'eval' &&
    (line as { step: number }).step === 2;

  it('needs its text no more: the tokens are its own', async () => {
    const own = writeText(folder, 'own.txt');
    const [kept, lost] = [at('text kept'), at('text lost')];
    await train(smallRecipe(text, 'train.steps=8'), kept);
    await train(smallRecipe(own, 'train.steps=4'), lost);
    rmSync(own);
    await goOn(lost, ['train.steps=8']);
    expect(weights(lost, 8).equals(weights(kept, 8))).toBe(true);
  });
});

describe('where a run goes on', () => {
  it('goes on in place from the run, and from its newest checkpoint', async () => {
    const run = at('in place');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const first = await goOn(`${run}/`, ['train.steps=6']);
    expect(first.find(({ kind }) => kind === 'start')).toMatchObject({ run, resumedFrom: 5 });
    const second = await goOn(checkpoint(run, 6), ['train.steps=7']);
    expect(second.at(-1)).toMatchObject({ kind: 'done', run, checkpoint: checkpoint(run, 7) });
  });

  it('makes a new run from an older checkpoint, and leaves the old one as it is', async () => {
    const run = at('older');
    await train(smallRecipe(text, 'train.steps=10'), run);
    const before = contents(run);
    const events = await goOn(checkpoint(run, 5), ['train.steps=10']);
    const branch = `${run}-from-5`;
    expect(events.at(-1)).toMatchObject({ kind: 'done', run: branch });
    expect(contents(run)).toEqual(before);
    expect(timeless(branch)).toEqual(timeless(run));
    expect(weights(branch, 10).equals(weights(run, 10))).toBe(true);
    // It is a run like any other: it stands on its own.
    rmSync(run, { recursive: true });
    await goOn(branch, ['train.steps=12']);
    expect(metrics(branch).at(-1)).toMatchObject({ kind: 'eval', step: 12 });
    const again = await failure(goOn(checkpoint(branch, 10), [], branch));
    expect(again).toMatchObject({ code: 'run-exists' });
  });

  it('makes a new run where it is told to', async () => {
    const run = at('told');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const before = contents(run);
    const events = await goOn(run, ['train.steps=7'], at('told elsewhere'));
    expect(events.at(-1)).toMatchObject({ run: at('told elsewhere') });
    expect(contents(run)).toEqual(before);
  });

  it('begins again, on the same tokens, where it was killed before the first checkpoint', async () => {
    const [whole, killed] = [at('begun whole'), at('begun killed')];
    const recipe = smallRecipe(text, 'train.steps=6', 'train.sampleEvery=4');
    await train(recipe, whole);
    // As a kill leaves it: records, and no checkpoint.
    await train(recipe, killed);
    rmSync(path.join(killed, 'checkpoints'), { recursive: true });
    writeFileSync(path.join(killed, 'run.lock'), '{"pid": 4194303}\n');
    await goOn(killed);
    expect(timeless(killed)).toEqual(timeless(whole));
    expect(readFileSync(path.join(killed, 'samples.jsonl'))).toEqual(
      readFileSync(path.join(whole, 'samples.jsonl')),
    );
    expect(weights(killed, 6).equals(weights(whole, 6))).toBe(true);
  });

  it('does nothing twice where all steps are made, but measure', async () => {
    const run = at('finished');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const lines = metrics(run);
    const events = await goOn(run);
    expect(events.map(({ kind }) => kind)).toEqual(['start', 'note', 'eval', 'done']);
    expect(metrics(run)).toEqual(lines);
  });
});

describe('epochs', () => {
  const recipe = smallRecipe(text, 'data.batching=packed', 'train.accumulate=2');

  it('become steps once the text is read, and more of them prolong a run', async () => {
    const run = at('epochs');
    const events = await train(applySettings(recipe, ['train.epochs=0.5', 'train.steps=3']), run);
    const begun = events.find((event) => event.kind === 'start');
    const rows = Math.ceil((begun?.tokens ?? 0) / 16);
    const steps = Math.ceil(rows / 2 / 4);
    expect(steps).toBeGreaterThan(3);
    expect(begun?.steps).toBe(steps);
    expect(
      events.find((event) => event.kind === 'note' && event.text.includes('0.5 epochs of')),
    ).toMatchObject({ text: `0.5 epochs of ${rows} rows, 4 a step: ${steps} steps` });
    expect(events.at(-1)?.kind).toBe('done');
    expect((await runRecipe({ folder: run, settings: [] })).train).toMatchObject({ steps });

    const further = await goOn(run, ['train.epochs=1']);
    expect(further.find((event) => event.kind === 'start')).toMatchObject({
      resumedFrom: steps,
      steps: Math.ceil(rows / 4),
    });
    expect(await failure(goOn(run, ['train.epochs=0.1']))).toMatchObject({ code: 'resume-misfit' });
    expect((await runRecipe({ folder: run, settings: [] })).train).toMatchObject({
      steps: Math.ceil(rows / 4),
    });
  });
});

describe('records', () => {
  it('lose the half line of a kill, and what came after the checkpoint', async () => {
    const [whole, killed] = [at('records whole'), at('records killed')];
    await train(smallRecipe(text, 'train.steps=8'), whole);
    await train(smallRecipe(text, 'train.steps=5'), killed);
    const line = JSON.stringify(metrics(whole)[6]);
    appendFileSync(path.join(killed, 'metrics.jsonl'), `${line}\n${line.slice(0, 40)}`);
    await goOn(killed, ['train.steps=8']);
    const steps = metrics(killed).filter(({ kind }) => kind === 'train');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('what cannot go on', () => {
  it('is refused by name, and nothing is changed', async () => {
    const run = at('refused');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const before = contents(run);
    const refusals: [string, string[], string][] = [
      [run, ['model.layers=2'], 'resume-misfit'],
      [run, ['data.validationFraction=0.5'], 'resume-misfit'],
      [run, ['train.steps=3'], 'resume-misfit'],
      [run, ['train.steps=9', 'train.optimizer=muon'], 'checkpoint-optimizer'],
      [path.join(run, 'checkpoints'), [], 'not-a-run'],
      [text, [], 'not-a-run'],
      [at('nowhere'), [], 'not-a-run'],
    ];
    for (const [place, settings, code] of refusals) {
      expect(await failure(goOn(place, settings))).toMatchObject({ code });
    }
    expect(contents(run)).toEqual(before);
  });

  it('is a checkpoint whose files are cut short', async () => {
    const run = at('cut');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const file = path.join(checkpoint(run, 5), 'optimizer.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    const before = contents(run);
    expect(await failure(goOn(run, ['train.steps=6']))).toMatchObject({
      code: 'checkpoint-damaged',
      message: expect.stringContaining('optimizer.safetensors') as string,
      details: { checkpoint: checkpoint(run, 5) },
    });
    writeFileSync(path.join(checkpoint(run, 5), 'training.json'), '{"step": ');
    expect(await failure(goOn(run))).toMatchObject({ code: 'checkpoint-damaged' });
    expect([...contents(run).keys()]).toEqual([...before.keys()]);
  });

  it('is a checkpoint of a kind that is not known here, which is not its damage', async () => {
    const run = at('kind');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const file = path.join(checkpoint(run, 5), 'config.json');
    const config = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      config.replace(/"(llama|qwen\d)"/, '"other"').replace(/\w+ForCausalLM/, 'Other'),
    );
    expect(await failure(goOn(run, ['train.steps=6']))).toMatchObject({
      code: 'unsupported-model',
    });
  });
});
