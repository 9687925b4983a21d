/** The eval room: its loss is the model's own logits' loss, whatever the windows and batches. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/rng';
import type { Backend } from '../../src/engine/backend/backend';
import { openOnnx } from '../../src/engine/backend/onnx/onnx';
import { corpusInMemory, evaluationWindows } from '../../src/engine/data/data';
import { evaluate, evaluateWindows, evaluationGraph } from '../../src/engine/eval/eval';
import { allLogitsOf, distributionOf, loadModel, logprobOf } from '../../src/engine/infer/infer';
import type { LoadedModel } from '../../src/engine/infer/infer';

const folder = path.join(import.meta.dirname, '..', 'goldens', 'hf-models', 'llama3');
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('evaluation', () => {
  let backend: Backend;
  let model: LoadedModel;
  const rng = new Rng(5);
  const ids = Int32Array.from({ length: 41 }, () => rng.below(160));
  const tokenBytes = Array.from({ length: 160 }, (_, id) => 1 + (id % 4));
  const bytes = ids.reduce((sum, id) => sum + tokenBytes[id]!, 0);
  const corpus = corpusInMemory(ids, { vocab: 160, bytes, tokenBytes });

  beforeAll(async () => {
    backend = await openOnnx({ threads: 1 });
    model = await loadModel(folder, backend);
  });
  afterAll(async () => {
    await model.dispose();
    await backend.dispose();
  });

  /** The negative log-likelihood of what follows each of a window's tokens, from its logits. */
  async function lossOf(window: readonly number[], next: readonly number[]): Promise<number> {
    const logits = await allLogitsOf(model, window);
    const { vocab } = model.config;
    return next.reduce((sum, id, at) => {
      const row = logits.subarray(at * vocab, (at + 1) * vocab);
      return sum - logprobOf(distributionOf(row), id);
    }, 0);
  }

  it('adds up the losses of all windows, the last one shorter', async () => {
    let nats = 0;
    for (let start = 0; start < 40; start += 12) {
      const window = ids.slice(start, Math.min(start + 12, 40));
      nats += await lossOf([...window], [...ids.slice(start + 1, start + 1 + window.length)]);
    }
    const predictedBytes = bytes - tokenBytes[ids[0]!]!;
    for (const batch of [1, 3, 4, 7]) {
      const result = await evaluate(model.store, model.config, corpus, { context: 12, batch });
      expect(result.tokens).toBe(40);
      expect(result.loss).toBeCloseTo(nats / 40, 4);
      expect(result.perplexity).toBeCloseTo(Math.exp(nats / 40), 0);
      expect(result.bitsPerByte).toBeCloseTo(nats / Math.LN2 / predictedBytes, 4);
    }
  });

  it('takes the whole text as one window where it fits', async () => {
    const nats = await lossOf([...ids.slice(0, 40)], [...ids.slice(1)]);
    const result = await evaluate(model.store, model.config, corpus);
    expect(result.loss).toBeCloseTo(nats / 40, 4);
  });

  it('keeps documents apart where asked to', async () => {
    const documents = Float64Array.of(0, 15, 16, 30);
    const several = corpusInMemory(ids, { vocab: 160, bytes, tokenBytes, documents });
    let nats = 0;
    for (const [from, to] of [
      [0, 15],
      [16, 30],
      [30, 40],
    ] as const) {
      // The last token of a document predicts nothing; the row's own end is the corpus's.
      const end = to === 40 ? 41 : to;
      nats += await lossOf([...ids.slice(from, end - 1)], [...ids.slice(from + 1, end)]);
    }
    const shape = { batch: 1, context: 40 };
    const windows = evaluationWindows(several, { ...shape, separateDocuments: true });
    const graph = evaluationGraph(model.config, { ...shape, segments: true });
    const program = await model.store.compile(graph);
    const result = await evaluateWindows(program, [windows.batchAt(0)], { segments: true });
    expect(result.loss * result.tokens).toBeCloseTo(nats, 2);
    await program.dispose();
  });

  it('refuses a text of another vocabulary, too short a text, and nothing at all', async () => {
    const { store, config } = model;
    const foreign = corpusInMemory(ids, { vocab: 161, bytes });
    await expect(evaluate(store, config, foreign)).rejects.toEqual(code('vocabulary-mismatch'));
    const short = corpusInMemory(ids.slice(0, 1), { vocab: 160, bytes });
    await expect(evaluate(store, config, short)).rejects.toEqual(code('corpus-too-short'));
    const program = await store.compile(evaluationGraph(config, { batch: 1, context: 4 }));
    await expect(evaluateWindows(program, [])).rejects.toEqual(code('nothing-to-evaluate'));
    await program.dispose();
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const { store, config } = model;
    const settings = { context: 4, batch: 1, signal: controller.signal };
    const running = evaluate(store, config, corpus, settings);
    controller.abort();
    await expect(running).rejects.toEqual(code('cancelled'));
  });

  it('says that a model with broken weights gives no number', async () => {
    const broken = await loadModel(folder, backend);
    await broken.store.write('model.norm.weight', new Float32Array(48).fill(NaN));
    const running = evaluate(broken.store, broken.config, corpus);
    await expect(running).rejects.toEqual(code('not-finite'));
    await broken.dispose();
  });
});
