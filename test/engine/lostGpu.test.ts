/**
 * A GPU that is really lost, in mid-run and between questions: the device is destroyed under the
 * engine, as a driver that restarts would do it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { globals } from 'webgpu';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { createService } from '../../src/engine/service';
import { generateRequestSchema } from '../../src/protocol/messages';
import type { TrainEvent } from '../../src/protocol/messages';
import { useSoftwareAdapter } from '../backend/softwareAdapter';
import { never, smallRecipe, testFolder, writeText } from '../train/runs';

useSoftwareAdapter();
const folder = testFolder();
const text = writeText(folder);

/** Dawn's own class, whose devices are kept as they are opened. */
const { GPUAdapter } = z
  .object({ GPUAdapter: z.custom<{ prototype: GPUAdapter }>((it) => typeof it === 'function') })
  .parse(globals);
let devices: GPUDevice[] = [];
beforeEach(() => {
  devices = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const request = GPUAdapter.prototype.requestDevice;
  vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockImplementation(async function (
    this: GPUAdapter,
    descriptor,
  ) {
    const device = await request.call(this, descriptor);
    devices.push(device);
    return device;
  });
});
afterEach(() => void vi.restoreAllMocks());

const service = () => createService({ samplePath: '', runsFolder: folder });

/** A run of two steps; `look` sees its events as they come. */
async function run(name: string, look: (event: TrainEvent) => void = () => undefined) {
  const recipe = smallRecipe(
    text,
    'train.steps=2',
    'train.checkpointEvery=1',
    'train.sampleEvery=2',
    'runtime.backend=webgpu',
  );
  const engine = service();
  const out = path.join(folder, name);
  const events: TrainEvent[] = [];
  for await (const event of engine.train({ kind: 'new', recipe, out }, never)) {
    events.push(event);
    look(event);
  }
  await engine.dispose();
  return events;
}

const weights = (name: string): Buffer =>
  readFileSync(path.join(folder, name, 'checkpoints', 'step-000002', 'model.safetensors'));

const question = (model: string) =>
  generateRequestSchema.parse({
    ...{ model, prompt: 'The ', maxTokens: 4, backend: 'webgpu', stop: [] },
    ...{ temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, topLogprobs: 0 },
  });

async function answer(engine: ReturnType<typeof service>, during: () => void = () => undefined) {
  let written = '';
  for await (const event of engine.generate(question(path.join(folder, 'whole')), never)) {
    if (event.kind === 'start') during();
    if (event.kind === 'done') written = event.text;
  }
  return written;
}

/** Software takes its time to compile. */
const PATIENCE = { timeout: 240_000 };

it('a run goes on from its newest checkpoint, to the same bits', PATIENCE, async () => {
  await run('whole');
  for (const kind of ['train', 'sample'] as const) {
    devices = [];
    let lost = false;
    const events = await run(`broken after ${kind}`, (event) => {
      if (event.kind !== kind || event.step < 2 || lost) return;
      lost = true;
      devices.at(-1)!.destroy();
    });
    expect(lost).toBe(true);
    expect(events.at(-1)?.kind).toBe('done');
    expect(devices).toHaveLength(2);
    expect(weights(`broken after ${kind}`).equals(weights('whole'))).toBe(true);
  }
});

it(
  'a question fails whose GPU is lost, and the next one is answered by another',
  PATIENCE,
  async () => {
    const engine = service();
    const expected = await answer(engine);
    await expect(answer(engine, () => devices.at(-1)!.destroy())).rejects.toMatchObject({
      code: 'backend-lost',
      remedy: expect.stringContaining('Try again') as string,
    });
    expect(await answer(engine)).toBe(expected);
    // Lost while nobody asks.
    devices.at(-1)!.destroy();
    await new Promise(setImmediate);
    expect(await answer(engine)).toBe(expected);
    expect(devices).toHaveLength(3);
    await engine.dispose();
  },
);
