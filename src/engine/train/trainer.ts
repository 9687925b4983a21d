/**
 * A model in training: the store with its parameters and the optimizer's state, and the compiled
 * step. One step is one update, from one batch or several. Knows nothing of folders or text.
 */
import type { ModelConfig } from '../../recipe/model';
import type { Recipe } from '../../recipe/run';
import type { Backend, CompileProgress, Feeds, Program, Results, Store } from '../backend/backend';
import type { Batch, BatchSource } from '../data/data';
import { batchIndex } from '../data/data';
import type { Shape } from '../graph/graph';
import { parameterShapes } from '../interop/interop';
import { LossScale } from './lossScale';
import type { LossScaleState } from './lossScale';
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
  /** Where losses are scaled: by how much. */
  readonly lossScale?: number;
  /** The larger scales with which the step's gradient was not finite, in the order they were tried. */
  readonly overflows: readonly number[];
}

type Attempt = Pick<StepResult, 'loss' | 'gradNorm'> & { readonly applied: boolean };

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
  /** Where the backend multiplies half floats. */
  readonly #lossScale: LossScale | undefined;

  private constructor(parts: {
    store: Store;
    config: ModelConfig;
    states: ReadonlyMap<string, Shape>;
    settings: Recipe['train'];
    batches: BatchSource;
    step: Program;
    apply: Program | undefined;
    segments: boolean;
    lossScale: LossScale | undefined;
  }) {
    this.store = parts.store;
    this.config = parts.config;
    this.optimizerStates = parts.states;
    this.#settings = parts.settings;
    this.#batches = parts.batches;
    this.#step = parts.step;
    this.#apply = parts.apply;
    this.#segments = parts.segments;
    this.#lossScale = parts.lossScale;
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
      /** As a checkpoint kept it; undefined for the first. */
      lossScale: LossScaleState | undefined;
      onProgress: (progress: CompileProgress) => void;
    },
  ): Promise<Trainer> {
    const { config, settings, batches, segments, trains, onProgress } = options;
    const parameters = parameterShapes(config);
    const trained = new Map([...parameters].filter(([name]) => trains(name)));
    const states = optimizerStates(settings, trained);
    const accumulates = settings.accumulate > 1;
    const sums = accumulates ? accumulationStates(trained) : new Map<string, Shape>();
    const { precision } = backend;
    const shape: TrainingShape = {
      precision,
      config,
      batch: settings.batch,
      context: config.context,
      segments,
      trains,
    };
    const lossScale = precision === 'f16' ? new LossScale(options.lossScale) : undefined;
    const store = await backend.allocate(new Map([...parameters, ...states, ...sums]));
    try {
      const step = await store.compile(
        accumulates ? accumulateGraph(shape) : stepGraph(shape, settings),
        { onProgress },
      );
      const apply = accumulates
        ? await store.compile(applyGraph(trained, settings, precision), { onProgress })
        : undefined;
      return new Trainer({
        ...{ store, config, states, settings, batches, step, apply, segments, lossScale },
      });
    } catch (thrown) {
      await store.dispose();
      throw thrown;
    }
  }

  /** What a checkpoint must keep of the loss's scale; undefined where losses aren't scaled. */
  get lossScale(): LossScaleState | undefined {
    return this.#lossScale?.state;
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
    const feeds = batches.map((batch) => ({ ...this.#feeds(batch), normalizer }));
    const overflows: number[] = [];
    for (;;) {
      const lossScale = this.#lossScale?.scale;
      const scaled = lossScale === undefined ? {} : { lossScale: Float32Array.of(lossScale) };
      const made = await this.#attempt(feeds, rates, scaled, signal);
      if (!made) return undefined;
      const { applied, ...measured } = made;
      const result = {
        ...measured,
        lr,
        overflows,
        ...(lossScale === undefined ? {} : { lossScale }),
      };
      if (!this.#lossScale || lossScale === undefined) return result;
      if (applied) this.#lossScale.made();
      // A loss that is not finite is so at any scale.
      if (applied || !Number.isFinite(made.loss) || !this.#lossScale.overflowed()) return result;
      overflows.push(lossScale);
      await new Promise(setImmediate);
      if (signal.aborted) return undefined;
    }
  }

  /** One step with the scale that `scaled` feeds, if any; undefined as for `run`. */
  async #attempt(
    feeds: readonly Feeds[],
    rates: Feeds,
    scaled: Feeds,
    signal: AbortSignal,
  ): Promise<Attempt | undefined> {
    if (!this.#apply) {
      const results = await this.#step.run({ ...feeds[0]!, ...rates, ...scaled });
      return { loss: only(results, 'loss'), ...normOf(results) };
    }
    let loss = 0;
    for (const [index, fed] of feeds.entries()) {
      if (signal.aborted) return undefined;
      const keep = Float32Array.of(index === 0 ? 0 : 1);
      loss += only(await this.#step.run({ ...fed, keep, ...scaled }), 'loss');
      await new Promise(setImmediate);
    }
    return { loss, ...normOf(await this.#apply.run({ ...rates, ...scaled })) };
  }

  #feeds({ tokens, targets, weights, segments }: Batch): Feeds {
    return { tokens, targets, weights, ...(this.#segments ? { segments } : {}) };
  }
}

function total(weights: Float32Array): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}

function normOf(results: Results): Omit<Attempt, 'loss'> {
  const applied = results['applied']?.[0] !== 0;
  return { gradNorm: applied ? only(results, 'gradientNorm') : NaN, applied };
}

function only(results: Results, name: string): number {
  return results[name]?.[0] ?? NaN;
}
