/** Runs on a GPU whose memory is small: refused before anything is written, with what would fit. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { resumeRun, startRun } from '../../src/engine/train/train';
import type { RunEvent } from '../../src/engine/train/train';
import { useSoftwareAdapter } from '../backend/softwareAdapter';
import { collect, failure, never, smallRecipe, testFolder, writeText } from './runs';

useSoftwareAdapter();
const folder = testFolder();
const text = writeText(folder);

const opened: Backend[] = [];
afterAll(() => Promise.all(opened.map((backend) => backend.dispose())));

/** A GPU with so many bytes. */
async function gpu(memory?: number) {
  const backend = await openWebgpu({ software: true, ...(memory === undefined ? {} : { memory }) });
  opened.push(backend);
  return { backend, threads: 1, samplePath: '' };
}

const recipeOf = (batch: number) => smallRecipe(text, `train.batch=${batch}`, 'train.steps=2');

async function trainOn(memory: number | undefined, batch: number, name: string) {
  const place = { folder: path.join(folder, name) };
  return collect(startRun(recipeOf(batch), place, await gpu(memory), never));
}

const startOf = (events: readonly RunEvent[]) =>
  events.find((event) => event.kind === 'start') ?? expect.fail('It did not start.');

describe('the memory of a GPU', () => {
  it('is known before the run, which needs no more of it', async () => {
    const { memory } = startOf(await trainOn(undefined, 4, 'free'));
    // Some buffers of a few bytes are made on the way, to read states.
    const events = await trainOn(memory! + 2 ** 20, 4, 'exact');
    expect(events.at(-1)?.kind).toBe('done');
  });

  it('refuses a run that is too large, says which batch would fit, and writes nothing', async () => {
    const { memory } = startOf(await trainOn(undefined, 12, 'wide'));
    const refused = await failure(trainOn(memory! - 2 ** 18, 12, 'refused'));
    expect(refused).toMatchObject({ code: 'backend-memory' });
    expect(existsSync(path.join(folder, 'refused'))).toBe(false);

    const { fitting } = (refused as { details: Record<string, number> }).details;
    expect(12 % fitting!).toBe(0);
    expect(fitting).toBeLessThan(12);
    expect(refused).toMatchObject({
      remedy: expect.stringContaining(
        `train.batch=${fitting} and train.accumulate=${12 / fitting!}`,
      ) as string,
    });
    const place = { folder: path.join(folder, 'fitting') };
    const settings = [`train.batch=${fitting}`, `train.accumulate=${12 / fitting!}`];
    const recipe = smallRecipe(text, ...settings, 'train.steps=2');
    const run = startRun(recipe, place, await gpu(memory! - 2 ** 18 + 2 ** 17), never);
    expect((await collect(run)).at(-1)?.kind).toBe('done');
  });

  it('says so where no batch fits', async () => {
    const refused = await failure(trainOn(1000, 12, 'none'));
    expect(refused).toMatchObject({ code: 'backend-memory', details: { fitting: undefined } });
  });

  it('that is gone after it was found free is told of in the same words', async () => {
    const { memory } = startOf(await trainOn(undefined, 12, 'alone'));
    const { backend } = await gpu(memory);
    // Another one takes so much that the states still fit, and the step does not.
    const taken = 4 * Math.floor(memory! / 8);
    const late: Backend = {
      ...backend,
      allocate: async (states) => {
        if (others.length === 0) {
          const other = await backend.allocate(new Map([['other', [taken / 4]]]));
          others.push(other);
        }
        return backend.allocate(states);
      },
    };
    const others: unknown[] = [];
    const context = { backend: late, threads: 1, samplePath: '' };
    const start = (name: string, ...settings: string[]) => {
      const recipe = smallRecipe(text, 'train.steps=2', ...settings);
      return collect(startRun(recipe, { folder: path.join(folder, name) }, context, never));
    };
    const refused = await failure(start('late', 'train.batch=12'));
    expect(refused).toMatchObject({
      code: 'backend-memory',
      message: expect.stringMatching(
        /^Training with batches of 12 .* for slot \d+ of the activations/,
      ) as string,
      cause: { code: 'backend-memory' },
    });
    expect(existsSync(path.join(folder, 'late'))).toBe(false);
    // Nothing of the run that failed is held any more.
    const rest = { bytes: memory! - taken, largest: 4 };
    expect(await backend.memory!.refusal(rest)).toBeUndefined();
    const { fitting } = (refused as { details: Record<string, number> }).details;
    expect(fitting).toBeLessThan(12);
    const settings = [`train.batch=${fitting}`, `train.accumulate=${12 / fitting!}`];
    expect((await start('beside', ...settings)).at(-1)?.kind).toBe('done');
  });

  it('leaves a run as it was that does not fit any more', async () => {
    const run = path.join(folder, 'free');
    const goOn = resumeRun(
      run,
      { settings: ['train.steps=4'], out: undefined },
      await gpu(1000),
      never,
    );
    expect(await failure(collect(goOn))).toMatchObject({ code: 'backend-memory' });
    const again = resumeRun(
      run,
      { settings: ['train.steps=4'], out: undefined },
      await gpu(),
      never,
    );
    expect((await collect(again)).at(-1)?.kind).toBe('done');
  });
});
