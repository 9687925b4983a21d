/**
 * A model in training: the store with its parameters and the optimizer's state, and the compiled
 * step. One step is one update, from one batch or several. Knows nothing of folders or text.
 */
import type { ModelConfig } from '../../recipe/model';
import type { Recipe } from '../../recipe/run';
import type { Backend, Feeds, Program, Results, Store } from '../backend/backend';
import type { Batch, BatchSource } from '../data/data';
import { batchIndex } from '../data/data';
import type { Shape } from '../graph/graph';
import { parameterShapes } from '../interop/interop';
import { optimizerStates } from './optimizers';
import { scheduleAt } from './schedule';
import { accumulateGraph, accumulationStates, applyGraph, stepGraph } from './trainingGraph';
import type { TrainingShape } from './trainingGraph';

export interface StepResult {
  /** Mean negative log-likelihood of the step's tokens, in nats, before the update. */
  readonly loss: number;
  /** Norm of the gradient over all trained parameters, before clipping. */
  readonly gradNorm: number;
  readonly lr: number;
}

export class Trainer {
  readonly store: Store;
  readonly config: ModelConfig;
  /** What a checkpoint must keep beside the parameters. */
  readonly optimizerStates: ReadonlyMap<string, Shape>;
  readonly #settings: Recipe['train'];
  readonly #batches: BatchSource;
  readonly #step: Program;
  /** Where gradients are accumulated: `#step` adds, this updates. */
  readonly #apply: Program | undefined;
  readonly #segments: boolean;

  private constructor(parts: {
    store: Store;
    config: ModelConfig;
    states: ReadonlyMap<string, Shape>;
    settings: Recipe['train'];
    batches: BatchSource;
    step: Program;
    apply: Program | undefined;
    segments: boolean;
  }) {
    this.store = parts.store;
    this.config = parts.config;
    this.optimizerStates = parts.states;
    this.#settings = parts.settings;
    this.#batches = parts.batches;
    this.#step = parts.step;
    this.#apply = parts.apply;
    this.#segments = parts.segments;
  }

  /** Allocates and compiles; every state is zero until it is written. */
  static async open(
    backend: Backend,
    options: {
      config: ModelConfig;
      settings: Recipe['train'];
      batches: BatchSource;
      segments: boolean;
      trains: (parameter: string) => boolean;
    },
  ): Promise<Trainer> {
    const { config, settings, batches, segments, trains } = options;
    const parameters = parameterShapes(config);
    const trained = new Map([...parameters].filter(([name]) => trains(name)));
    const states = optimizerStates(settings, trained);
    const accumulates = settings.accumulate > 1;
    const sums = accumulates ? accumulationStates(trained) : new Map<string, Shape>();
    const store = await backend.allocate(new Map([...parameters, ...states, ...sums]));
    const shape: TrainingShape = {
      config,
      batch: settings.batch,
      context: config.context,
      segments,
      trains,
    };
    const step = await store.compile(
      accumulates ? accumulateGraph(shape) : stepGraph(shape, settings),
    );
    const apply = accumulates ? await store.compile(applyGraph(trained, settings)) : undefined;
    return new Trainer({ store, config, states, settings, batches, step, apply, segments });
  }

  get tokensPerStep(): number {
    return this.#settings.batch * this.#settings.accumulate * this.config.context;
  }

  /**
   * Makes step number `step`, counted from 1. The batch depends on the number alone. Undefined where
   * the signal came between two of several batches: then the step was not made.
   */
  async run(step: number, signal: AbortSignal): Promise<StepResult | undefined> {
    const settings = this.#settings;
    const fraction = scheduleAt(step, settings);
    const lr = settings.lr * fraction;
    const rates: Feeds = {
      learningRate: Float32Array.of(lr),
      correction1: Float32Array.of(1 - settings.beta1 ** step),
      correction2: Float32Array.of(1 - settings.beta2 ** step),
      ...(settings.optimizer === 'muon'
        ? { muonRate: Float32Array.of(settings.muonLr * fraction) }
        : {}),
    };
    const batches = Array.from({ length: settings.accumulate }, (_, microstep) =>
      this.#batches.batchAt(batchIndex(step - 1, microstep, settings.accumulate)),
    );
    const weight = batches.reduce((sum, { weights }) => sum + total(weights), 0);
    const normalizer = Float32Array.of(1 / Math.max(1, weight));
    if (!this.#apply) {
      const results = await this.#step.run({ ...this.#feeds(batches[0]!), normalizer, ...rates });
      return { loss: only(results, 'loss'), gradNorm: only(results, 'gradientNorm'), lr };
    }
    let loss = 0;
    for (const [index, batch] of batches.entries()) {
      if (signal.aborted) return undefined;
      const keep = Float32Array.of(index === 0 ? 0 : 1);
      loss += only(await this.#step.run({ ...this.#feeds(batch), normalizer, keep }), 'loss');
      await new Promise(setImmediate);
    }
    return { loss, gradNorm: only(await this.#apply.run(rates), 'gradientNorm'), lr };
  }

  #feeds({ tokens, targets, weights, segments }: Batch): Feeds {
    return { tokens, targets, weights, ...(this.#segments ? { segments } : {}) };
  }
}

function total(weights: Float32Array): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}

function only(results: Results, name: string): number {
  return results[name]?.[0] ?? NaN;
}
