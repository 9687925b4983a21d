/**
 * Looks at a model while it trains, on the trainer's own parameters and without touching what the
 * training computes: the loss on held-out text, and what the model writes.
 */
import type { Recipe } from '../../recipe/run';
import type { Program } from '../backend/backend';
import { evaluationWindows } from '../data/data';
import type { Corpus } from '../data/data';
import { evaluateWindows, evaluationGraph } from '../eval/eval';
import type { MeasuredBatch } from '../eval/eval';
import { generate, modelOn } from '../infer/infer';
import type { LoadedModel } from '../infer/infer';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { EvaluationEvent, SampleEvent } from './events';
import type { Trainer } from './trainer';

export class Observer {
  readonly #trainer: Trainer;
  readonly #corpus: Corpus;
  readonly #recipe: Recipe;
  readonly #model: LoadedModel;
  #evaluation: Program | undefined;

  constructor(parts: { trainer: Trainer; tokenizer: Tokenizer; corpus: Corpus; recipe: Recipe }) {
    this.#trainer = parts.trainer;
    this.#corpus = parts.corpus;
    this.#recipe = parts.recipe;
    const { config, store } = parts.trainer;
    this.#model = modelOn(store, { config, tokenizer: parts.tokenizer });
  }

  /** One event, or none where nothing was held out. */
  async *evaluation(
    step: number,
    signal: AbortSignal,
    which: 'some' | 'all' = 'some',
  ): AsyncGenerator<EvaluationEvent, void, void> {
    const { validation } = this.#corpus;
    if (!validation) return;
    const { config, store } = this.#trainer;
    const { batch, evalTokens } = this.#recipe.train;
    const segments = this.#recipe.data.batching === 'packed';
    const { context } = config;
    this.#evaluation ??= await store.compile(evaluationGraph(config, { batch, context, segments }));
    const everything = which === 'all' || evalTokens === 0;
    const windows = evaluationWindows(validation, {
      batch,
      context,
      separateDocuments: segments,
      maxWindows: everything ? undefined : Math.max(1, Math.floor(evalTokens / context)),
    });
    const batches = function* (): Generator<MeasuredBatch> {
      for (let index = 0; index < windows.batches; index++) yield windows.batchAt(index);
    };
    const measured = await evaluateWindows(this.#evaluation, batches(), { segments, signal });
    yield { kind: 'eval', step, valLoss: measured.loss, bitsPerByte: measured.bitsPerByte };
  }

  /** What the model writes after each of the recipe's prompts. */
  async *samples(step: number, signal: AbortSignal): AsyncGenerator<SampleEvent, void, void> {
    this.#model.forget();
    const { prompts, ...sampling } = this.#recipe.samples;
    for (const prompt of prompts) {
      // The same seed each time: what changes between two samples is the model.
      const options = { ...sampling, seed: this.#recipe.seed };
      let text = '';
      for await (const event of generate(this.#model, prompt, options, signal)) {
        if (event.kind === 'done') text = event.text;
      }
      yield { kind: 'sample', step, prompt, text };
    }
  }

  async dispose(): Promise<void> {
    await this.#model.dispose();
    await this.#evaluation?.dispose();
  }
}
