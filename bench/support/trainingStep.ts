/** A training step of random weights on random tokens, the same ones for every backend and peer. */
import { Rng } from '../../src/base/rng';
import type { Backend, Feeds, Precision, Program, Store } from '../../src/engine/backend/backend';
import { parameterShapes } from '../../src/engine/interop/interop';
import { initialParameters } from '../../src/engine/model/model';
import { FIRST_LOSS_SCALE, optimizerStates, stepGraph } from '../../src/engine/train/train';
import type { ModelConfig } from '../../src/recipe/model';
import { defaultRecipe } from '../../src/recipe/run';

export const SETTINGS = defaultRecipe().train;
export const LEARNING_RATE = 1e-3;

export interface StepShape {
  readonly config: ModelConfig;
  readonly batch: number;
  /** Default: AdamW. */
  readonly optimizer?: 'adamw' | 'muon';
}

/** Muon's own rate, in the proportion that recipes have it to AdamW's. */
const MUON_RATE = 5 * LEARNING_RATE;

const settingsOf = ({ optimizer = 'adamw' }: StepShape): typeof SETTINGS => ({
  ...SETTINGS,
  optimizer,
});

export interface Step {
  readonly store: Store;
  readonly program: Program;
  /** Milliseconds that compiling took. */
  readonly buildMs: number;
}

/** The step as a run makes it: in half floats, with its loss scaled. */
export function graphOf(step: StepShape, precision: Precision): ReturnType<typeof stepGraph> {
  const { config, batch } = step;
  const { context } = config;
  const shape = { config, batch, context, segments: false, trains: () => true, precision };
  return stepGraph(shape, settingsOf(step));
}

export async function openStep(backend: Backend, shape: StepShape): Promise<Step> {
  const parameters = parameterShapes(shape.config);
  const states = new Map([...parameters, ...optimizerStates(settingsOf(shape), parameters)]);
  const store = await backend.allocate(states);
  for (const { name, data } of initialParameters(shape.config, 1)) await store.write(name, data);
  const graph = graphOf(shape, backend.precision);
  const began = performance.now();
  const program = await store.compile(graph);
  return { store, program, buildMs: performance.now() - began };
}

/** Tokens and targets of one batch after the other. */
export function* batches({
  config: { context, vocab },
  batch,
}: StepShape): Generator<{ tokens: Int32Array; targets: Int32Array }, never> {
  const rng = new Rng(1);
  const draw = (): Int32Array =>
    Int32Array.from({ length: batch * context }, () => rng.below(vocab));
  for (;;) yield { tokens: draw(), targets: draw() };
}

/** What a program of `openStep`, on a backend of this precision, is fed in each step, from the first on. */
export function* feeds(shape: StepShape, precision: Precision): Generator<Feeds, never> {
  const size = shape.batch * shape.config.context;
  const drawn = batches(shape);
  for (let step = 1; ; step++) {
    yield {
      ...drawn.next().value,
      weights: new Float32Array(size).fill(1),
      normalizer: Float32Array.of(1 / size),
      learningRate: Float32Array.of(LEARNING_RATE),
      ...(shape.optimizer === 'muon' ? { muonRate: Float32Array.of(MUON_RATE) } : {}),
      correction1: Float32Array.of(1 - SETTINGS.beta1 ** step),
      correction2: Float32Array.of(1 - SETTINGS.beta2 ** step),
      ...(precision === 'f16' ? { lossScale: Float32Array.of(FIRST_LOSS_SCALE) } : {}),
    };
  }
}
