/**
 * The protocol's requests in terms of the rooms: the one place that knows both. It runs wherever the
 * work is done, mostly in a worker, and keeps the model that was last asked.
 */
import path from 'node:path';
import { yieldReports } from '../base/asyncQueue';
import { GlassboxError } from '../base/errors';
import { atomicFile } from '../base/files';
import { keepOutOfGit } from '../base/gitIgnore';
import type { GenerateRequest, TokenizerTrainEvent } from '../protocol/messages';
import type { Handlers } from '../protocol/protocol';
import { resolvePaths } from '../recipe/paths';
import type { Recipe } from '../recipe/run';
import { createCatalogService } from './catalogService';
import { conversations, createConversationService } from './conversationService';
import { converse } from './chat/chat';
import { createToolbox } from './toolbox';
import { createCurateService } from './curateService';
import { createDocumentService } from './documentService';
import { createKnowledgeService } from './knowledgeService';
import { encodeInMemory, readDocuments } from './data/data';
import { listDevices, openBackend, threadsFor } from './devices';
import { evaluate } from './eval/eval';
import { generate, logitsOf } from './infer/infer';
import { ModelSlot } from './modelSlot';
import { trainThroughLosses } from './trainThroughLosses';
import { patternNamed, trainBpe } from './tokenizer/tokenizer';
import type { Tokenizer } from './tokenizer/tokenizer';
import { modelFolder, resumeRun, runRecipe, startRun } from './train/train';
import type { RunContext, RunEvent } from './train/train';

export interface ServiceOptions {
  /** The text that a recipe means by "sample". */
  readonly samplePath: string;
  /** Where runs go that name no folder. */
  readonly runsFolder: string;
  /** The built `worker.js`, for work that is spread over more workers. */
  readonly workerPath?: string | undefined;
  /** Told the folder of a run as soon as it is locked. */
  readonly onRunFolder?: ((folder: string) => void) | undefined;
}

export function createService(options: ServiceOptions): Handlers & { dispose(): Promise<void> } {
  const models = new ModelSlot();
  const toolbox = createToolbox();
  /** Of the runs in this thread, by their folders. */
  const stops = new Map<string, AbortController>();

  /** The model for the caller alone; a run's folder stands for its newest checkpoint. */
  const claim = async (
    request: Pick<GenerateRequest, 'model' | 'backend' | 'precision' | 'threads'>,
    signal: AbortSignal,
  ): ReturnType<ModelSlot['claim']> =>
    models.claim({ ...request, model: await modelFolder(request.model) }, signal);

  return {
    ...createDocumentService(),
    ...createConversationService(toolbox),
    ...createKnowledgeService(claim, toolbox),
    ...createCatalogService(options),
    ...createCurateService(options),

    async *train(request, signal) {
      const recipe =
        request.kind === 'new'
          ? await withCheckpoint(resolvePaths(request.recipe, request.folder ?? ''))
          : await runRecipe(request);
      const threads = threadsFor(recipe.runtime.threads);
      const { samplePath, onRunFolder: onTaken } = options;
      const stop = new AbortController();
      const ends = AbortSignal.any([signal, stop.signal]);
      const open = async (): Promise<RunContext> => {
        const { backend: choice, precision } = recipe.runtime;
        const backend = await openBackend(choice, threads, { precision, training: true });
        return { backend, threads, samplePath, conversations, onTaken };
      };
      const start = (context: RunContext): AsyncIterable<RunEvent> => {
        if (request.kind === 'resume') {
          const { folder, settings, out } = request;
          return resumeRun(folder, { settings, out }, context, ends);
        }
        const { out, runs = options.runsFolder } = request;
        return startRun(recipe, out === undefined ? { runs } : { folder: out }, context, ends);
      };
      const resume = (run: string, context: RunContext): AsyncIterable<RunEvent> =>
        resumeRun(run, { settings: [], out: undefined }, context, ends);
      let folder: string | undefined;
      try {
        for await (const event of trainThroughLosses({ open, start, resume })) {
          if (event.kind === 'start') {
            folder = path.resolve(event.run);
            stops.set(folder, stop);
            await keepStorageOutOfGit(folder, options.runsFolder);
          }
          yield event;
        }
      } finally {
        if (folder !== undefined) stops.delete(folder);
      }
    },

    stopRun({ folder }) {
      stops.get(path.resolve(folder))?.abort();
      return Promise.resolve(null);
    },

    async *generate(request, signal) {
      const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, stop, seed } = request;
      const sampling = { temperature, topK, topP, minP, repetitionPenalty };
      const { continued, sliding, topLogprobs: top } = request;
      const more = { maxTokens, stop, seed, continued, sliding, top };
      const { model, release } = await claim(request, signal);
      try {
        yield* generate(model, request.prompt, { ...sampling, ...more }, signal);
      } finally {
        release();
      }
    },

    async *converse(request, signal) {
      const { messages, tools: wishes = [], maxCalls, maxTokens, seed, sliding } = request;
      const { temperature, topK, topP, minP, repetitionPenalty, topLogprobs: top } = request;
      const { continued } = request;
      const sampling = { temperature, topK, topP, minP, repetitionPenalty, seed };
      const tools = await toolbox(wishes);
      const ask = wishes.flatMap((wish) => (wish.ask === true ? [wish.name] : []));
      const { model, release } = await claim(request, signal);
      try {
        const more = { tools, ask, maxCalls, maxTokens, sliding, top, continued };
        yield* converse(model, messages, { ...sampling, ...more }, signal);
      } finally {
        release();
      }
    },

    async logits(request, signal) {
      const { model, backend, release } = await claim(request, signal);
      try {
        const logits = await logitsOf(model, request.ids, signal);
        if (!logits.every((logit) => Number.isFinite(logit))) throw notFinite(request.model);
        const { name, adapter, precision } = backend;
        return { backend: name, adapter, precision, logits: Array.from(logits) };
      } finally {
        release();
      }
    },

    async evaluate(request, signal) {
      const { model, release } = await claim(request, signal);
      try {
        if (!model.tokenizer) throw noTokenizer(request.model);
        const documents = readDocuments(request.data, { signal });
        const encoding = { validationFraction: 0, signal };
        const corpus = await encodeInMemory(documents, model.tokenizer, encoding);
        const measured = await evaluate(model.store, model.config, corpus.train, { signal });
        const { perplexity } = measured;
        return { ...measured, perplexity: Number.isFinite(perplexity) ? perplexity : null };
      } finally {
        release();
      }
    },

    async *trainTokenizer({ data, vocab, pattern, specialTokens, out }, signal) {
      const train = (ends: AbortSignal, report: (event: TokenizerTrainEvent) => void) =>
        trainBpe(texts(data, ends), {
          vocabSize: vocab,
          pattern: patternNamed(pattern),
          specialTokens,
          signal: ends,
          onProgress: ({ phase, done, total }) => {
            const doing = phase === 'count' ? 'Counting words' : 'Merging pairs';
            report({ kind: 'progress', doing, done, total });
          },
        });
      const tokenizer = yield* yieldReports<TokenizerTrainEvent, Tokenizer>(signal, train);
      await atomicFile(out, tokenizer.toJson());
      yield { kind: 'done', file: out, vocab: tokenizer.vocabSize };
    },

    devices: () => listDevices(),
    memory: () => Promise.resolve(process.memoryUsage.rss()),
    dispose: () => models.dispose(),
  };
}

/** A run's folder stands for its newest checkpoint. */
async function withCheckpoint(recipe: Recipe): Promise<Recipe> {
  const { model } = recipe;
  if (model.from === undefined) return recipe;
  return { ...recipe, model: { ...model, from: await modelFolder(model.from) } };
}

/** A run in the usual folder, `.glassbox/runs`, is nothing to commit. */
async function keepStorageOutOfGit(run: string, runsFolder: string): Promise<void> {
  const storage = path.dirname(path.dirname(run));
  if (path.basename(storage) !== path.dirname(runsFolder)) return;
  // A run that can write its own files goes on without.
  await keepOutOfGit(storage).catch(() => undefined);
}

async function* texts(paths: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  for await (const { text } of readDocuments(paths, { signal })) yield text;
}

function noTokenizer(folder: string): GlassboxError {
  return new GlassboxError('no-tokenizer', `${folder} has no tokenizer.json.`, {
    remedy: 'Put the tokenizer.json that the model was trained with into its folder.',
  });
}

function notFinite(folder: string): GlassboxError {
  return new GlassboxError('not-finite', `The logits of ${folder} are not all numbers.`, {
    remedy: 'Its weights are damaged, or its training diverged: take an earlier checkpoint.',
  });
}
