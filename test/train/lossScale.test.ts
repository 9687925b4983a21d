/**
 * Training where products are of half floats: the oracle rounds their factors, and the other backends,
 * which in these tests do not, are given an infinite scale where the half floats would overflow.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend, Feeds, Store } from '../../src/engine/backend/backend';
import { openReference } from '../../src/engine/backend/reference/reference';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { resumeRun, startRun } from '../../src/engine/train/train';
import type { RunEvent } from '../../src/engine/train/train';
import type { Recipe } from '../../src/recipe/run';
import { useSoftwareAdapter } from '../backend/softwareAdapter';
import {
  backend as onnx,
  checkpoint,
  collect,
  failure,
  metrics,
  never,
  smallRecipe,
  testFolder,
  train as trainInF32,
  weights,
  writeText,
} from './runs';

useSoftwareAdapter();
const folder = testFolder();
const text = writeText(folder);
const at = (name: string): string => path.join(folder, name);

/** From here on the models of these tests overflow, in half floats or by decree. */
const TOO_LARGE = 2 ** 22;

/** The backend as if it multiplied half floats that overflow where the scale is too large. */
function posing(backend: Backend, tooLarge = TOO_LARGE): Backend {
  const scaled = (feeds: Feeds): Feeds => {
    const scale = feeds['lossScale']?.[0] ?? 0;
    return scale < tooLarge ? feeds : { ...feeds, lossScale: Float32Array.of(Infinity) };
  };
  const allocate: Backend['allocate'] = async (states) => {
    const store = await backend.allocate(states);
    const compile: Store['compile'] = async (graph) => {
      const program = await store.compile(graph);
      const takes = graph.inputs.has('lossScale');
      return {
        run: (feeds) => program.run(takes ? scaled(feeds) : feeds),
        dispose: () => program.dispose(),
      };
    };
    return {
      states: store.states,
      concurrent: store.concurrent,
      add: (more) => store.add(more),
      remove: (names) => store.remove(names),
      write: (name, data) => store.write(name, data),
      read: (name) => store.read(name),
      compile,
      dispose: () => store.dispose(),
    };
  };
  return { ...backend, precision: 'f16', allocate };
}

const halves = await openReference({ precision: 'f16' });
const webgpu = await openWebgpu({ software: true });
afterAll(() => webgpu.dispose());
const backends: Record<string, Backend> = {
  'half products': halves,
  'onnx, posing': posing(onnx),
  'webgpu, posing': posing(webgpu),
};

const contextOf = (backend: Backend) => ({ backend, threads: 1, samplePath: '' });
const train = (recipe: Recipe, run: string, backend: Backend = halves): Promise<RunEvent[]> =>
  collect(startRun(recipe, { folder: run }, contextOf(backend), never));
const goOn = (
  run: string,
  steps: number,
  backend: Backend = halves,
  out?: string,
): Promise<RunEvent[]> =>
  collect(resumeRun(run, { settings: [`train.steps=${steps}`], out }, contextOf(backend), never));

interface Kept {
  lossScale?: { scale: number; good: number };
}
const positionFile = (run: string, step: number): string =>
  path.join(checkpoint(run, step), 'training.json');
const position = (run: string, step: number): Kept =>
  JSON.parse(readFileSync(positionFile(run, step), 'utf8')) as Kept;
function setScale(run: string, step: number, lossScale: Kept['lossScale']): void {
  writeFileSync(positionFile(run, step), JSON.stringify({ ...position(run, step), lossScale }));
}
const scales = (run: string): unknown[] =>
  metrics(run)
    .filter(({ kind }) => kind === 'train')
    .map(({ lossScale }) => lossScale);
const losses = (run: string): number[] =>
  metrics(run).flatMap(({ kind, loss }) => (kind === 'train' ? [loss as number] : []));
const optimizer = (run: string, step: number): Buffer =>
  readFileSync(path.join(checkpoint(run, step), 'optimizer.safetensors'));
const notes = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === 'note' && event.text.includes('loss scale') ? [event.text] : [],
  );

describe('training with half floats', () => {
  it('learns as in f32, and says how the loss was scaled', async () => {
    const recipe = smallRecipe(text, 'train.steps=40');
    const events = await train(recipe, at('halves'));
    await trainInF32(recipe, at('f32'));
    expect(events.find(({ kind }) => kind === 'start')).toMatchObject({ precision: 'f16' });
    expect(new Set(scales(at('halves')))).toEqual(new Set([2 ** 16]));
    expect(position(at('halves'), 40).lossScale).toEqual({ scale: 2 ** 16, good: 40 });
    const [half, single] = [losses(at('halves')), losses(at('f32'))];
    expect(half).not.toEqual(single);
    half.forEach((loss, i) => expect(Math.abs(loss - single[i]!)).toBeLessThan(0.03));
  });

  it('f32 knows no scale', async () => {
    await trainInF32(smallRecipe(text, 'train.steps=2'), at('plain'));
    expect(scales(at('plain'))).toEqual([undefined, undefined]);
    expect(position(at('plain'), 2).lossScale).toBeUndefined();
  });
});

describe('a gradient that overflows', () => {
  const variants: Record<string, readonly string[]> = {
    AdamW: [],
    Muon: ['train.optimizer=muon'],
    'AdamW, accumulated': ['train.accumulate=2'],
    'Muon, accumulated': ['train.optimizer=muon', 'train.accumulate=2'],
  };
  const all = [
    ...['half products', 'onnx, posing'].flatMap((backend) =>
      Object.keys(variants).map((variant) => [variant, backend] as const),
    ),
    // A software adapter takes its time to compile; this has every kernel of the others.
    ['Muon, accumulated', 'webgpu, posing'] as const,
  ];

  it.each(all)(
    'changes nothing and is made again: %s on %s',
    async (variant, name) => {
      const backend = backends[name]!;
      const run = at(`${name} ${variant}`);
      // Software takes its time for a step.
      const [saved, end] = name.startsWith('webgpu') ? [1, 3] : [5, 8];
      await train(smallRecipe(text, ...variants[variant]!, `train.steps=${saved}`), run, backend);
      const [right, once] = [`${run} right`, `${run} again`];
      setScale(run, saved, { scale: 2 ** 24, good: 7 });
      const events = await goOn(run, end, backend, once);
      const found = scales(once)[saved] as number;
      expect(found).toBeLessThan(2 ** 24);
      const [first, ...later] = notes(events);
      expect(first).toContain(`Step ${saved + 1}`);

      setScale(run, saved, { scale: found, good: 0 });
      expect(notes(await goOn(run, end, backend, right))).toEqual(later);
      expect(position(once, end)).toEqual(position(right, end));
      expect(losses(once)).toEqual(losses(right));
      expect(weights(once, end).equals(weights(right, end))).toBe(true);
      expect(optimizer(once, end).equals(optimizer(right, end))).toBe(true);
    },
    240_000,
  );

  it('ends the run where no scale is small enough, and keeps what was good', async () => {
    const run = at('floor');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const before = weights(run, 5);
    const thrown = await failure(goOn(run, 8, posing(halves, 0)));
    expect(thrown).toMatchObject({
      code: 'loss-not-finite',
      message: expect.stringContaining('step 6') as string,
      remedy: expect.stringContaining('runtime.precision=f32') as string,
    });
    expect(weights(run, 5).equals(before)).toBe(true);
  });
});

describe('the scale', () => {
  it('is doubled after 2000 good steps, wherever the run was interrupted', async () => {
    const [whole, parts] = [at('growing whole'), at('growing parts')];
    // A checkpoint holds f32, of which the oracle has more digits: it does not resume to the bit.
    const backend = posing(onnx);
    for (const run of [whole, parts]) {
      await train(smallRecipe(text, 'train.steps=5'), run, backend);
      setScale(run, 5, { scale: 2 ** 12, good: 1997 });
    }
    await goOn(whole, 10, backend);
    await goOn(parts, 7, backend);
    await goOn(parts, 10, backend);
    const [low, high] = [2 ** 12, 2 ** 13];
    expect(scales(whole).slice(5)).toEqual([low, low, low, high, high]);
    expect(scales(parts)).toEqual(scales(whole));
    expect(position(parts, 10).lossScale).toEqual({ scale: high, good: 2 });
    expect(weights(parts, 10).equals(weights(whole, 10))).toBe(true);
    expect(optimizer(parts, 10).equals(optimizer(whole, 10))).toBe(true);
  });

  it('begins anew where a checkpoint has none', async () => {
    const run = at('older');
    await trainInF32(smallRecipe(text, 'train.steps=5'), run);
    await goOn(run, 6);
    expect(scales(run)).toEqual([...new Array<undefined>(5).fill(undefined), 2 ** 16]);
  });

  it('that cannot be is damage', async () => {
    const run = at('damaged');
    await train(smallRecipe(text, 'train.steps=5'), run);
    setScale(run, 5, { scale: -1, good: 0 });
    expect(await failure(goOn(run, 6))).toMatchObject({ code: 'checkpoint-damaged' });
  });
});
