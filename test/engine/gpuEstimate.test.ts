/** What a recipe would take of a GPU is what its run then says that it takes. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { createService } from '../../src/engine/service';
import { useSoftwareAdapter } from '../backend/softwareAdapter';
import { never, smallRecipe, testFolder, writeText } from '../train/runs';

useSoftwareAdapter();

it('a recipe for a GPU is estimated by the plan of its memory', { timeout: 240_000 }, async () => {
  const folder = testFolder();
  const settings = ['train.steps=1', 'runtime.backend=webgpu', 'model.layers=2'];
  const recipe = smallRecipe(writeText(folder), ...settings);
  const engine = createService({ samplePath: '', runsFolder: folder });
  const estimate = await engine.estimate({ recipe }, never);
  // What a GPU has in all is told by no one.
  expect(estimate).not.toHaveProperty('memoryTotal');
  expect(estimate).not.toHaveProperty('refusal');

  const told: { memory: number | undefined; progress: string[] } = {
    memory: undefined,
    progress: [],
  };
  const request = { kind: 'new', recipe, out: path.join(folder, 'run') } as const;
  for await (const event of engine.train(request, never)) {
    if (event.kind === 'start') told.memory = event.memory;
    if (event.kind === 'progress')
      told.progress.push(`${event.doing} ${event.done}/${event.total}`);
  }
  expect(told.memory).toBe(estimate.memory);
  const kernels = told.progress.length;
  expect(kernels).toBeGreaterThan(10);
  expect(told.progress.at(-1)).toBe(`Compiling kernels ${kernels}/${kernels}`);
  await engine.dispose();
});
