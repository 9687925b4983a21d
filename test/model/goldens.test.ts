/** Tiny random models made with transformers (see test/goldens/make_hf_models.py): our logits are theirs. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Backend } from '../../src/engine/backend/backend';
import { openOnnx } from '../../src/engine/backend/onnx/onnx';
import { openReference } from '../../src/engine/backend/reference/reference';
import { allLogitsOf, generate, loadModel, logitsOf } from '../../src/engine/infer/infer';
import { expectAllClose } from '../backend/close';

const goldenSchema = z.object({
  ids: z.array(z.int()),
  positions: z.array(z.int()),
  logits: z.array(z.array(z.number())),
  allLogitsChecksum: z.number(),
  greedy: z.array(z.int()),
});

const folderOf = (name: string): string =>
  path.join(import.meta.dirname, '..', 'goldens', 'hf-models', name);

const backends: Record<string, () => Promise<Backend>> = {
  reference: openReference,
  onnx: () => openOnnx({ threads: 1 }),
};
const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };

for (const [backendName, open] of Object.entries(backends)) {
  describe.each(['llama3', 'qwen2', 'qwen3'])(`%s on ${backendName}`, (name) => {
    const golden = goldenSchema.parse(
      JSON.parse(readFileSync(path.join(folderOf(name), 'golden.json'), 'utf8')),
    );
    const withModel = async (
      use: (model: Awaited<ReturnType<typeof loadModel>>) => Promise<void>,
    ): Promise<void> => {
      const backend = await open();
      const model = await loadModel(folderOf(name), backend);
      try {
        await use(model);
      } finally {
        await model.dispose();
        await backend.dispose();
      }
    };

    it('gives the logits of every position at once', () =>
      withModel(async (model) => {
        const logits = await allLogitsOf(model, golden.ids);
        const { vocab } = model.config;
        golden.positions.forEach((position, index) => {
          const row = logits.subarray(position * vocab, (position + 1) * vocab);
          expectAllClose({ row }, { row: golden.logits[index]! }, TOLERANCE);
        });
        let checksum = 0;
        logits.forEach((logit, at) => {
          const [position, id] = [Math.floor(at / vocab), at % vocab];
          checksum += logit * (((31 * position + 7 * id) % 13) - 6);
        });
        expect(checksum).toBeCloseTo(golden.allLogitsChecksum, 1);
      }));

    it('gives the same logits through the cache, and after a shorter prompt', () =>
      withModel(async (model) => {
        for (const [index, position] of golden.positions.entries()) {
          const row = await logitsOf(model, golden.ids.slice(0, position + 1));
          expectAllClose({ row }, { row: golden.logits[index]! }, TOLERANCE);
        }
      }));

    it('goes on greedily with the same tokens', () =>
      withModel(async (model) => {
        const ids: number[] = [];
        const maxTokens = golden.greedy.length;
        for await (const step of generate(model, golden.ids, { temperature: 0, maxTokens })) {
          if (step.kind === 'token') ids.push(step.id);
        }
        expect(ids).toEqual(golden.greedy);
      }));
  });
}
