/**
 * Looks at a model while it trains, on the trainer's own parameters and without touching what the
 * training computes: the loss on held-out text, and what the model writes.
 */
import { GlassboxError, hasCode } from '../../base/errors';
import type { Recipe } from '../../recipe/run';
import type { Program } from '../backend/backend';
import { batchIndex } from '../data/data';
import type { BatchSource, TokenCorpus } from '../data/data';
import { evaluateWindows, evaluationGraph } from '../eval/eval';
import type { Evaluation, MeasuredBatch } from '../eval/eval';
import { generate, modelOn } from '../infer/infer';
import type { LoadedModel } from '../infer/infer';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { keepsApart, measuredBatches } from './datasets';
import type { NoteEvent, SampleEvent } from './events';
import type { Trainer } from './trainer';

/** `some`: the recipe's share of the held-out text, the same each time; `all`: the whole of it. */
export type HowMuch = 'some' | 'all';

/** What ends a run wherever it is noticed; any other trouble with a sample is only noted. */
const ENDS_THE_RUN: ReadonlySet<string> = new Set([
  ...['cancelled', 'not-finite', 'backend-lost', 'backend-failed'],
]);

export class Observer {
  readonly #trainer: Trainer;
  readonly #batches: BatchSource;
  readonly #heldOut: TokenCorpus | undefined;
  readonly #recipe: Recipe;
  readonly #model: LoadedModel;
  readonly #ask: (prompt: string) => string | readonly number[];
  readonly #silenced = new Set<string>();
  #evaluation: Program | undefined;

  constructor(parts: {
    trainer: Trainer;
    tokenizer: Tokenizer;
    batches: BatchSource;
    heldOut: TokenCorpus | undefined;
    recipe: Recipe;
    /** What the model is given for a prompt; the prompt itself if absent. */
    ask?: ((prompt: string) => readonly number[]) | undefined;
  }) {
    this.#trainer = parts.trainer;
    this.#batches = parts.batches;
    // One token alone follows nothing that could be measured.
    this.#heldOut = parts.heldOut && parts.heldOut.length > 1 ? parts.heldOut : undefined;
    this.#recipe = parts.recipe;
    this.#ask = parts.ask ?? ((prompt) => prompt);
    const { config, store } = parts.trainer;
    this.#model = modelOn(store, { config, tokenizer: parts.tokenizer });
  }

  /** Whether `some` is `all`: the recipe asks for no less than there is. */
  get measuresAll(): boolean {
    return this.#maxWindows('some') === undefined;
  }

  /**
   * How well the model predicts the held-out text; undefined where nothing was held out.
   *
   * @throws GlassboxError `not-finite`, `cancelled`
   */
  async measure(howMuch: HowMuch, signal: AbortSignal): Promise<Evaluation | undefined> {
    if (!this.#heldOut) return undefined;
    const { context } = this.#trainer.config;
    const maxWindows = this.#maxWindows(howMuch);
    const windows = measuredBatches(this.#recipe, this.#heldOut, { context, maxWindows });
    const batches = function* (): Generator<MeasuredBatch> {
      for (let index = 0; index < windows.batches; index++) yield windows.batchAt(index);
    };
    try {
      return await this.#evaluate(batches(), signal);
    } catch (thrown) {
      // Documents of one token each.
      if (hasCode(thrown, 'nothing-to-evaluate')) return undefined;
      throw thrown;
    }
  }

  /** Throws `not-finite` unless the model can still predict: tried on the batch that comes next. */
  async probe(step: number): Promise<void> {
    const batch = this.#batches.batchAt(batchIndex(step, 0, this.#recipe.train.accumulate));
    const predicted = batch.weights.reduce((sum, weight) => sum + weight, 0);
    if (predicted > 0) await this.#evaluate([{ ...batch, predicted, bytes: predicted }], undefined);
  }

  /** What the model writes after each of the recipe's prompts; a note, once, where it cannot. */
  async *samples(
    step: number,
    signal: AbortSignal,
  ): AsyncGenerator<SampleEvent | NoteEvent, void, void> {
    this.#model.forget();
    const { prompts, ...sampling } = this.#recipe.samples;
    for (const prompt of prompts) {
      // The same seed each time: what changes between two samples is the model.
      const options = { ...sampling, seed: this.#recipe.seed };
      let text = '';
      try {
        for await (const event of generate(this.#model, this.#ask(prompt), options, signal)) {
          if (event.kind === 'done') text = event.text;
        }
      } catch (thrown) {
        if (!(thrown instanceof GlassboxError) || ENDS_THE_RUN.has(thrown.code)) throw thrown;
        // A prompt that the vocabulary cannot spell, or too long a one, must not end a training.
        if (!this.#silenced.has(prompt)) {
          this.#silenced.add(prompt);
          const text = `No sample for the prompt ${JSON.stringify(prompt)}: ${thrown.message}`;
          yield { kind: 'note', text };
        }
        continue;
      }
      yield { kind: 'sample', step, prompt, text };
    }
  }

  async dispose(): Promise<void> {
    await this.#model.dispose();
    await this.#evaluation?.dispose();
  }

  get #segments(): boolean {
    return keepsApart(this.#recipe);
  }

  /** Undefined for all of them. */
  #maxWindows(howMuch: HowMuch): number | undefined {
    const { evalTokens } = this.#recipe.train;
    const { context } = this.#trainer.config;
    if (howMuch === 'all' || evalTokens === 0) return undefined;
    const wanted = Math.max(1, Math.floor(evalTokens / context));
    return wanted * context >= (this.#heldOut?.length ?? 0) - 1 ? undefined : wanted;
  }

  async #evaluate(
    batches: Iterable<MeasuredBatch>,
    signal: AbortSignal | undefined,
  ): Promise<Evaluation> {
    const { config, store } = this.#trainer;
    const { batch } = this.#recipe.train;
    const segments = this.#segments;
    this.#evaluation ??= await store.compile(
      evaluationGraph(config, { batch, context: config.context, segments }),
    );
    return evaluateWindows(this.#evaluation, batches, { segments, signal });
  }
}
