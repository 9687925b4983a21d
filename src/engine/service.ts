/**
 * The protocol's requests in terms of the rooms: the one place that knows both. It runs wherever the
 * work is done, mostly in a worker, and keeps the model that was last asked.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError, throwIfAborted } from '../base/errors';
import { atomicFile } from '../base/files';
import type * as messages from '../protocol/messages';
import type { Handlers } from '../protocol/protocol';
import type { Recipe } from '../recipe/run';
import type { Backend } from './backend/backend';
import { encodeInMemory, readDocuments } from './data/data';
import { listDevices, openBackend, threadsFor } from './devices';
import { evaluate } from './eval/eval';
import { generate, loadModel, logitsOf } from './infer/infer';
import type { LoadedModel } from './infer/infer';
import { openTokenizer } from './tokenizerNames';
import { trainBpe } from './tokenizer/tokenizer';
import { resumeRun, runRecipe, startRun } from './train/train';

export interface ServiceOptions {
  /** The text that a recipe means by "sample". */
  readonly samplePath: string;
  /** Where runs go that name no folder. */
  readonly runsFolder: string;
}

type ModelRequest = Pick<messages.LogitsRequest, 'model' | 'backend' | 'threads'>;

export function createService(options: ServiceOptions): Handlers & { dispose(): Promise<void> } {
  const models = new ModelSlot();
  return {
    async *train(request, signal) {
      const recipe = request.kind === 'new' ? request.recipe : await runRecipe(request);
      const threads = threadsFor(recipe.runtime.threads);
      const backend = await openBackend(recipe.runtime.backend, threads);
      const context = { backend, threads, samplePath: options.samplePath };
      try {
        if (request.kind === 'resume') {
          const { folder, settings, out } = request;
          yield* resumeRun(folder, { settings, out }, context, signal);
        } else {
          const folder = request.out ?? (await freeFolder(options.runsFolder, recipe));
          yield* startRun(recipe, folder, context, signal);
        }
      } finally {
        await backend.dispose();
      }
    },

    async *generate(request, signal) {
      const { model } = await models.open(request);
      const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, stop, seed } = request;
      const sampling = { temperature, topK, topP, minP, repetitionPenalty };
      const more = { maxTokens, stop, seed, top: request.topLogprobs };
      yield* generate(model, request.prompt, { ...sampling, ...more }, signal);
    },

    async logits(request, signal) {
      const { model, backend } = await models.open(request);
      const logits = await logitsOf(model, request.ids, signal);
      return { backend: backend.name, adapter: backend.adapter, logits: Array.from(logits) };
    },

    async evaluate(request, signal) {
      const { model } = await models.open(request);
      if (!model.tokenizer) throw noTokenizer(request.model);
      const documents = readDocuments(request.data, { signal });
      const options = { validationFraction: 0, signal };
      const corpus = await encodeInMemory(documents, model.tokenizer, options);
      return evaluate(model.store, model.config, corpus.train, { signal });
    },

    async *trainTokenizer({ data, vocab, pattern, out }, signal) {
      const known = pattern === 'gpt2' || pattern === 'cl100k' || pattern === 'o200k';
      const pending: messages.TokenizerTrainEvent[] = [];
      let wake = (): void => undefined;
      const training = trainBpe(texts(data, signal), {
        vocabSize: vocab,
        pattern: known ? pattern : { regex: pattern },
        specialTokens: ['<|endoftext|>'],
        signal,
        onProgress: ({ phase, done, total }) => {
          const doing = phase === 'count' ? 'Counting words' : 'Merging pairs';
          pending.push({ kind: 'progress', doing, done, total });
          wake();
        },
      });
      const ended = training.then(
        () => true,
        () => true,
      );
      for (let over = false; !over;) {
        const woken = new Promise<false>((resolve) => (wake = () => resolve(false)));
        over = await Promise.race([ended, woken]);
        yield* pending.splice(0);
      }
      const tokenizer = await training;
      await atomicFile(out, tokenizer.toJson());
      yield { kind: 'done', file: out, vocab: tokenizer.vocabSize };
    },

    async encode({ tokenizer: name, text, special, offsets }, signal) {
      const tokenizer = await openTokenizer(name);
      throwIfAborted(signal);
      if (!offsets) return { ids: tokenizer.encode(text, { special }) };
      const encoded = tokenizer.encodeWithOffsets(text, { special });
      return {
        ids: encoded.ids,
        offsets: encoded.offsets.map(({ bytes, utf16, partial }) => ({
          bytes: [...bytes],
          utf16: [...utf16],
          partial,
        })),
      };
    },

    async decode({ tokenizer, ids }) {
      return (await openTokenizer(tokenizer)).decode(ids);
    },

    devices: () => listDevices(),
    dispose: () => models.dispose(),
  };
}

interface Loaded {
  readonly key: string;
  readonly model: LoadedModel;
  readonly backend: Backend;
}

/** The model that was asked last stays loaded: most questions come in rows. */
class ModelSlot {
  #loaded: Loaded | undefined;

  async open(request: ModelRequest): Promise<Loaded> {
    const threads = threadsFor(request.threads);
    // A folder that was written anew is another model.
    const written = await stat(path.join(request.model, 'config.json')).catch(() => undefined);
    const key = JSON.stringify([request.model, request.backend, threads, written?.mtimeMs]);
    if (this.#loaded?.key === key) return this.#loaded;
    await this.dispose();
    const backend = await openBackend(request.backend, threads);
    const model = await loadModel(request.model, backend);
    this.#loaded = { key, model, backend };
    return this.#loaded;
  }

  async dispose(): Promise<void> {
    await this.#loaded?.model.dispose();
    await this.#loaded?.backend.dispose();
    this.#loaded = undefined;
  }
}

async function* texts(paths: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  for await (const { text } of readDocuments(paths, { signal })) yield text;
}

/** `<runs>/<name>`, or the first of `<name>-2`, `<name>-3`, ... that is not there yet. */
async function freeFolder(runs: string, recipe: Recipe): Promise<string> {
  const name = recipe.name ?? 'run';
  for (let number = 1; ; number++) {
    const folder = path.join(runs, number === 1 ? name : `${name}-${number}`);
    if (!(await stat(folder).catch(() => undefined))) return folder;
  }
}

function noTokenizer(folder: string): GlassboxError {
  return new GlassboxError('no-tokenizer', `${folder} has no tokenizer.json.`, {
    remedy: 'Put the tokenizer.json that the model was trained with into its folder.',
  });
}
