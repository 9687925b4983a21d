/** Loading, and the cache: whatever was asked before, the logits are those of the ids alone. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/rng';
import type { Backend } from '../../src/engine/backend/backend';
import { openOnnx } from '../../src/engine/backend/onnx/onnx';
import { openReference } from '../../src/engine/backend/reference/reference';
import { allLogitsOf, generate, loadModel, logitsOf, modelOn } from '../../src/engine/infer/infer';
import type { LoadedModel } from '../../src/engine/infer/infer';
import { parameterShapes } from '../../src/engine/interop/interop';
import { byteTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { expectClose } from '../backend/close';
import { opinionatedWeights, tinyConfig, tinyModel } from './models';

const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const goldens = path.join(import.meta.dirname, '..', 'goldens', 'hf-models');

function randomIds(length: number, seed: number): number[] {
  const rng = new Rng(seed);
  return Array.from({ length }, () => rng.below(256));
}

describe('the cache', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openOnnx({ threads: 1 });
  });
  afterAll(() => backend.dispose());

  async function expectLogits(model: LoadedModel, ids: readonly number[]): Promise<void> {
    const all = await allLogitsOf(model, ids);
    const last = all.subarray(-model.config.vocab);
    expectClose(await logitsOf(model, ids), last, TOLERANCE, `after ${ids.length} tokens`);
  }

  it('grows, and takes prompts of every length', async () => {
    const config = tinyConfig({ layers: 1, context: 600 });
    const model = await tinyModel(backend, { config });
    const ids = randomIds(600, 2);
    for (const length of [1, 2, 15, 16, 17, 100, 128, 129, 255, 256, 257, 300, 511, 513, 600]) {
      await expectLogits(model, ids.slice(0, length));
    }
    // From the beginning, in one go, with a capacity that is there already.
    await expectLogits(model, randomIds(599, 3));
    await expectLogits(model, ids.slice(0, 3));
    await expect(logitsOf(model, randomIds(601, 2))).rejects.toEqual(code('prompt-too-long'));
    await model.dispose();
  });

  it('fills a context that is no power of two to its last token', async () => {
    const model = await tinyModel(backend, { config: tinyConfig({ layers: 1, context: 50 }) });
    const ids = randomIds(50, 4);
    await expectLogits(model, ids.slice(0, 41));
    await expectLogits(model, ids);
    await model.dispose();
  });

  it('gives the same to the last bit whatever was asked before', async () => {
    const model = await tinyModel(backend, { config: tinyConfig({ layers: 1, context: 512 }) });
    const ids = randomIds(400, 7);
    await logitsOf(model, randomIds(512, 8));
    const first = await logitsOf(model, ids);
    for (const shared of [0, 1, 127, 128, 129, 300, 399]) {
      await logitsOf(model, [...ids.slice(0, shared), ...randomIds(90, 9)]);
      expect(await logitsOf(model, ids)).toEqual(first);
    }
    await model.dispose();
  });

  it('goes on from what is cached as if it read all of it anew', async () => {
    const model = await tinyModel(backend, { config: tinyConfig({ layers: 1, context: 512 }) });
    const write = async (prompt: readonly number[]): Promise<number[]> => {
      const ids: number[] = [];
      const options = { temperature: 0, maxTokens: 12 };
      for await (const event of generate(model, prompt, options))
        if (event.kind === 'token') ids.push(event.id);
      return ids;
    };
    const prompt = randomIds(150, 3);
    const turns: number[][] = [prompt];
    for (const length of [1, 40, 130]) {
      const before = turns.at(-1)!;
      turns.push([...before, ...(await write(before)), ...randomIds(length, length)]);
    }
    // Turn after turn, then branches from within them, in the order that they are cached.
    for (const ids of [...turns, prompt.slice(0, 90), turns[2]!, [...prompt, 7]]) {
      const continued = await write(ids);
      model.forget();
      expect(await write(ids)).toEqual(continued);
      await write(turns.at(-1)!);
    }
    await model.dispose();
  });

  it('never remembers what is not in the ids', async () => {
    const model = await tinyModel(backend, { config: tinyConfig({ layers: 1, context: 400 }) });
    const lengths = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 24 }));
    const base = randomIds(300, 5);
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer(), async ([shared, own], seed) => {
        await expectLogits(model, [...base.slice(0, shared), ...randomIds(own, seed)]);
      }),
      { numRuns: 25 },
    );
    await model.dispose();
  });

  it('survives a cancelled prompt', async () => {
    const model = await tinyModel(backend, { config: tinyConfig({ layers: 1, context: 300 }) });
    const ids = randomIds(300, 6);
    const controller = new AbortController();
    const running = logitsOf(model, ids, controller.signal);
    setImmediate(() => {
      controller.abort();
    });
    await expect(running).rejects.toEqual(code('cancelled'));
    await expectLogits(model, ids);
    await model.dispose();
  });
});

describe('a model on a store of someone else', () => {
  it.each([
    ['onnx', () => openOnnx({ threads: 1 })],
    ['reference', openReference],
  ] as const)('follows the weights as they change, and leaves nothing (%s)', async (_, open) => {
    const backend = await open();
    const config = tinyConfig({ layers: 1, vocab: 40 });
    const store = await backend.allocate(parameterShapes(config));
    const write = async (seed: number): Promise<void> => {
      for (const [name, , data] of opinionatedWeights(config, seed)) await store.write(name, data);
    };
    await write(1);
    const model = modelOn(store, { config });
    const ids = [1, 2, 3, 4, 5];
    const before = await logitsOf(model, ids);
    await write(2);
    model.forget();
    const after = await logitsOf(model, ids);
    expect(after).not.toEqual(before);
    expectClose(after, (await allLogitsOf(model, ids)).subarray(-40), TOLERANCE, 'after');
    await model.dispose();
    expect([...store.states.keys()]).toEqual([...parameterShapes(config).keys()]);
    await store.dispose();
    await backend.dispose();
  });
});

describe('loading', () => {
  let backend: Backend;
  let folder: string;
  beforeAll(async () => {
    backend = await openOnnx({ threads: 1 });
    folder = await mkdtemp(path.join(tmpdir(), 'glassbox-'));
    await cp(path.join(goldens, 'qwen3'), folder, { recursive: true });
  });
  afterAll(async () => {
    await backend.dispose();
    await rm(folder, { recursive: true });
  });

  it('refuses a tokenizer with more tokens than the model has rows, naming both', async () => {
    await writeFile(path.join(folder, 'tokenizer.json'), byteTokenizer().toJson());
    const loading = loadModel(folder, backend);
    await expect(loading).rejects.toEqual(code('vocabulary-mismatch'));
    await expect(loading).rejects.toThrow(/256.*160/);
  });

  it('refuses a tokenizer that it cannot read, and a folder without a model', async () => {
    await writeFile(path.join(folder, 'tokenizer.json'), '{"model":{"type":"Unigram"}}');
    await expect(loadModel(folder, backend)).rejects.toThrow(/tokenizer/);
    await expect(loadModel(path.join(folder, 'no'), backend)).rejects.toEqual(code('not-a-model'));
  });
});
