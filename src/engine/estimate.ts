/**
 * What a recipe will take of this machine before anything of it is done: memory from the step's graph,
 * or from the plan of a backend that has memory of its own; time from the step's arithmetic and how fast this machine does such arithmetic, which is tried for a
 * moment. docs/benchmarks.md compares both with runs.
 */
import { freemem, totalmem } from 'node:os';
import { throwIfAborted } from '../base/errors';
import type { Estimate } from '../protocol/catalogMessages';
import type { ModelConfig } from '../recipe/model';
import type { Recipe } from '../recipe/run';
import { openBackend, threadsFor } from './devices';
import { GraphBuilder } from './graph/graph';
import { readModelConfig } from './interop/interop';
import { parameterCount, resolveModel } from './model/model';
import { readTokenizer, builtinTokenizer } from './tokenizer/tokenizer';
import { needsOn, stepFootprint } from './train/train';

/**
 * What a process with onnxruntime in it takes, and how much more than is in use is held: onnxruntime's
 * arena grows by doubling, states are copied as they are made. Fitted to the peaks in
 * docs/benchmarks.md.
 */
const PROCESS_BYTES = 150e6;
const STATE_FACTOR = 1.5;
const PASSING_FACTOR = 2.05;

/** The share of a step that is not matrix products, as a factor of their time. */
const BESIDES_PRODUCTS = 1.2;

/** What is known of a recipe's needs without computing anything. */
export interface Needs {
  readonly config: ModelConfig;
  readonly parameters: number;
  /** While training: of the GPU's memory, or of the machine's with the process included. */
  readonly bytes: number;
  readonly memory: 'machine' | 'gpu';
  /** Why the GPU has no room for it, where that is so. */
  readonly refusal?: string | undefined;
  /** Of one step's matrix products. */
  readonly flops: number;
}

/**
 * The recipe's paths must be absolute.
 *
 * @throws GlassboxError `model-shape`, `backend-missing`, and what is wrong with the tokenizer or model it names
 */
export async function needsOf(recipe: Recipe): Promise<Needs> {
  const { backend: choice, precision, threads } = recipe.runtime;
  const config = await configOf(recipe);
  const backend = await openBackend(choice, threadsFor(threads), { precision, training: true });
  try {
    const { stateBytes, passingBytes, flops } = stepFootprint(config, recipe);
    const known = { config, parameters: parameterCount(config), flops };
    if (backend.memory) {
      const needs = needsOn(backend.memory, config, recipe, { precision: backend.precision });
      const refusal = await backend.memory.refusal(needs);
      return { ...known, memory: 'gpu', bytes: needs.bytes, refusal };
    }
    const held = PROCESS_BYTES + STATE_FACTOR * stateBytes + PASSING_FACTOR * passingBytes;
    return { ...known, memory: 'machine', bytes: Math.round(held) };
  } finally {
    await backend.dispose();
  }
}

async function configOf(recipe: Recipe): Promise<ModelConfig> {
  const { model } = recipe;
  if (model.from === undefined) return resolveModel(model, await vocabularyOf(recipe));
  const config = await readModelConfig(model.from);
  return { ...config, context: model.context ?? config.context };
}

/** Characters are not known before the text is read: a European text has about a hundred. */
const CHARACTERS = 100;
const BYTES = 256;

async function vocabularyOf({ tokenizer }: Recipe): Promise<number> {
  switch (tokenizer.kind) {
    case 'bpe':
      return tokenizer.vocab;
    case 'char':
      return CHARACTERS;
    case 'byte':
      return BYTES;
    case 'builtin':
      return (await builtinTokenizer(tokenizer.name ?? 'gpt2')).vocabSize;
    case 'file':
      return (await readTokenizer(tokenizer.file ?? '')).vocabSize;
  }
}

/** Throws as `needsOf`, and `cancelled`. */
export async function estimate(recipe: Recipe, signal: AbortSignal): Promise<Estimate> {
  const { config, parameters, bytes, flops, memory, refusal } = await needsOf(recipe);
  const { train } = recipe;
  const rate = await productSpeed(recipe, config, signal);
  const stepSeconds = (flops / rate) * BESIDES_PRODUCTS;
  const tokens = train.batch * train.accumulate * config.context;
  return {
    parameters,
    memory: bytes,
    ...(memory === 'machine' ? { memoryTotal: totalmem(), memoryFree: freemem() } : {}),
    ...(refusal === undefined ? {} : { refusal }),
    tokensPerSecond: tokens / stepSeconds,
    seconds: train.steps * stepSeconds + measuringSeconds(recipe, stepSeconds / tokens),
  };
}

/** Of the measurements on the held-out text: forward only, a third of what training a token takes. */
function measuringSeconds({ train, data }: Recipe, secondsPerToken: number): number {
  if (train.evalEvery === 0 || data.validationFraction === 0) return 0;
  const measurements = Math.floor(train.steps / train.evalEvery);
  return (measurements * train.evalTokens * secondsPerToken) / 3;
}

// --- Speed ----------------------------------------------------------------------------------

/** How long to try, in milliseconds. */
const TRIAL_MS = 300;
/** Rows of the product at most: more are no faster, and the trial has little time. */
const MOST_ROWS = 2048;

/** A machine that was busy with something else may be free now: tried again after this long. */
const FRESH_MS = 180_000;

/** Multiplications and additions a second, by what they were tried on, and when, by the clock. */
const measured = new Map<string, { readonly rate: number; readonly time: number }>();

/**
 * How fast this machine makes the products that the model consists of: its own shape, with the
 * recipe's threads. The fastest of the trials of that shape: others' work slows, nothing speeds up.
 */
async function productSpeed(
  recipe: Recipe,
  config: ModelConfig,
  signal: AbortSignal,
): Promise<number> {
  const { runtime, train } = recipe;
  const threads = threadsFor(runtime.threads);
  const rows = Math.min(MOST_ROWS, train.batch * config.context);
  const { width, intermediate } = config;
  const key = JSON.stringify([
    runtime.backend,
    runtime.precision,
    threads,
    rows,
    width,
    intermediate,
  ]);
  const known = measured.get(key);
  if (known && performance.now() - known.time < FRESH_MS) return known.rate;

  const backend = await openBackend(runtime.backend, threads, {
    precision: runtime.precision,
    training: true,
  });
  try {
    const store = await backend.allocate(new Map([['weight', [intermediate, width]]]));
    const graph = new GraphBuilder();
    const x = graph.input('x', 'f32', [rows, width]);
    graph.output('y', graph.linear(x, graph.state('weight', [intermediate, width])));
    const program = await store.compile(graph.build());
    const feeds = { x: new Float32Array(rows * width) };
    // The first run sets up what the others only use.
    await program.run(feeds);
    const began = performance.now();
    let fastest = Infinity;
    do {
      throwIfAborted(signal);
      const started = performance.now();
      await program.run(feeds);
      fastest = Math.min(fastest, performance.now() - started);
      await new Promise(setImmediate);
    } while (performance.now() - began < TRIAL_MS);
    const tried = (2 * rows * width * intermediate * 1000) / fastest;
    const rate = Math.max(tried, known?.rate ?? 0);
    measured.set(key, { rate, time: performance.now() });
    await store.dispose();
    return rate;
  } finally {
    await backend.dispose();
  }
}
