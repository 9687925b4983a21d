/**
 * What a recipe would take of a GPU is what its run then says that it takes; while it is written only
 * what no such GPU could hold is told.
 */
import { freemem } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createCatalogService } from '../../src/engine/catalogService';
import { createService } from '../../src/engine/service';
import { useSoftwareAdapter } from '../backend/softwareAdapter';
import { never, smallRecipe, testFolder, writeText } from '../train/runs';

useSoftwareAdapter();

it('a recipe for a GPU is estimated by the plan of its memory', { timeout: 240_000 }, async () => {
  const folder = testFolder();
  const settings = ['train.steps=1', 'runtime.backend=webgpu', 'model.layers=2'];
  const recipe = smallRecipe(writeText(folder), ...settings, 'model.freeze=["*layers.0*"]');
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

it('a recipe for a GPU is checked against its limits, and not against what is free', async () => {
  const folder = testFolder();
  const text = writeText(folder);
  const catalog = createCatalogService({ samplePath: '' });
  const check = (...settings: string[]) => {
    const recipe = smallRecipe(text, 'runtime.backend=webgpu', ...settings);
    return catalog.checkRecipe({ kind: 'run', text: JSON.stringify(recipe), folder }, never);
  };
  // Tensors of 256 MiB at most, but several times as many as the machine has room for: 5 GiB a layer.
  const layers = Math.ceil(freemem() / 2 ** 30);
  const wide = ['model.width=8192', 'model.heads=64', 'model.intermediate=8192'];
  expect(await check(...wide, `model.layers=${layers}`)).toEqual([]);

  const problems = await check('model.width=65536', 'model.heads=1024', 'model.intermediate=65536');
  expect(problems).toMatchObject([
    {
      path: 'train.batch',
      severity: 'warning',
      message: expect.stringContaining('the largest tensor has') as string,
    },
  ]);
});
