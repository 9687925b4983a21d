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
import type { Backend, Program } from './backend/backend';
import { openBackend, planBackend, threadsFor } from './devices';
import type { Planned } from './devices';
import { GraphBuilder } from './graph/graph';
import { readModelConfig } from './interop/interop';
import { parameterCount, resolveModel } from './model/model';
import { readTokenizer, builtinTokenizer } from './tokenizer/tokenizer';
import { modelFolder, needsOn, stepFootprint, trainedBy } from './train/train';

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

/** What is known of a recipe's needs without computing anything, or opening a GPU. */
export interface Needs {
  readonly config: ModelConfig;
  readonly parameters: number;
  /** While training: of the GPU's memory, or of the machine's with the process included. */
  readonly bytes: number;
  readonly memory: 'machine' | 'gpu';
  /** Of the GPU's largest tensor. */
  readonly largest: number;
  /** Why no such GPU could hold it, however much is free, where that is so. */
  readonly tooLarge?: string | undefined;
  /** Of one step's matrix products. */
  readonly flops: number;
}

/**
 * The recipe's paths must be absolute.
 *
 * @throws GlassboxError `model-shape`, `model-freeze`, `backend-missing`, and what is wrong with the
 * tokenizer or model it names
 */
export async function needsOf(recipe: Recipe): Promise<Needs> {
  const config = await configOf(recipe);
  const { backend: choice, precision } = recipe.runtime;
  return needsWith(await planBackend(choice, { precision, training: true }), config, recipe);
}

function needsWith({ memory, precision }: Planned, config: ModelConfig, recipe: Recipe): Needs {
  const trains = trainedBy(recipe.model.freeze, config);
  const { stateBytes, passingBytes, flops } = stepFootprint(config, recipe, { trains });
  const known = { config, parameters: parameterCount(config), flops };
  if (memory) {
    const needs = needsOn(memory, config, recipe, { trains, precision });
    return { ...known, ...needs, memory: 'gpu', tooLarge: memory.tooLarge(needs) };
  }
  const held = PROCESS_BYTES + STATE_FACTOR * stateBytes + PASSING_FACTOR * passingBytes;
  return { ...known, memory: 'machine', bytes: Math.round(held), largest: 0 };
}

async function configOf(recipe: Recipe): Promise<ModelConfig> {
  const { model } = recipe;
  if (model.from === undefined) return resolveModel(model, await vocabularyOf(recipe));
  const config = await readModelConfig(await modelFolder(model.from));
  const context = model.context ?? config.context;
  const { lora } = model;
  return { ...config, context, ...(lora ? { lora: { ...lora, embeddings: false } } : {}) };
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
  const { train, runtime } = recipe;
  const config = await configOf(recipe);
  const threads = threadsFor(runtime.threads);
  const backend = await openBackend(runtime.backend, threads, {
    precision: runtime.precision,
    training: true,
  });
  try {
    const needs = needsWith(backend, config, recipe);
    const refusal = await backend.memory?.refusal(needs);
    const rate = await productSpeed(backend, { recipe, config, threads }, signal);
    const stepSeconds = (needs.flops / rate) * BESIDES_PRODUCTS;
    const tokens = train.batch * train.accumulate * config.context;
    return {
      parameters: needs.parameters,
      memory: needs.bytes,
      ...(backend.memory ? {} : { memoryTotal: totalmem(), memoryFree: freemem() }),
      ...(refusal === undefined ? {} : { refusal }),
      tokensPerSecond: tokens / stepSeconds,
      seconds: train.steps * stepSeconds + measuringSeconds(recipe, stepSeconds / tokens),
    };
  } finally {
    await backend.dispose();
  }
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
 * Products in a run, at first and at most: on a GPU as many as make a run worth the time of asking for
 * it and of waiting for its answer. On the CPU each step's product costs that, too.
 */
const FIRST_LINKS = 2;
const MOST_LINKS = 128;
const WORTH_MS = 20;

/**
 * How fast this machine makes the products that the model consists of: those of its feed-forward
 * block, up and down by turns. The fastest of the trials of that shape: others' work slows, nothing
 * speeds up. Only the total of the last comes back, which a GPU has to send.
 */
async function productSpeed(
  backend: Backend,
  { recipe, config, threads }: { recipe: Recipe; config: ModelConfig; threads: number },
  signal: AbortSignal,
): Promise<number> {
  const { runtime, train } = recipe;
  const rows = Math.min(MOST_ROWS, train.batch * config.context);
  const { width, intermediate } = config;
  const key = JSON.stringify([
    ...[runtime.backend, runtime.precision, threads],
    ...[rows, width, intermediate],
  ]);
  const known = measured.get(key);
  if (known && performance.now() - known.time < FRESH_MS) return known.rate;

  const states = new Map([
    ['x', [rows, width]],
    ['up', [intermediate, width]],
    ['down', [width, intermediate]],
  ]);
  const store = await backend.allocate(states);
  const compile = (links: number): Promise<Program> => {
    const graph = new GraphBuilder();
    const [up, down] = [
      graph.state('up', states.get('up')!),
      graph.state('down', states.get('down')!),
    ];
    let x = graph.state('x', states.get('x')!);
    for (let link = 0; link < links; link += 2) x = graph.linear(graph.linear(x, up), down);
    graph.output('total', graph.total(x));
    return store.compile(graph.build());
  };
  try {
    let links = FIRST_LINKS;
    let program = await compile(links);
    const time = async (): Promise<number> => {
      throwIfAborted(signal);
      await new Promise(setImmediate);
      const started = performance.now();
      await program.run({});
      return performance.now() - started;
    };
    // The first run sets up what the others only use.
    await time();
    let fastest = await time();
    const most = backend.memory ? MOST_LINKS : FIRST_LINKS;
    while (fastest < WORTH_MS && links < most) {
      await program.dispose();
      links *= 4;
      program = await compile(links);
      await time();
      fastest = await time();
    }
    const began = performance.now();
    while (performance.now() - began < TRIAL_MS) fastest = Math.min(fastest, await time());
    const tried = (2 * rows * width * intermediate * links * 1000) / fastest;
    const rate = Math.max(tried, known?.rate ?? 0);
    measured.set(key, { rate, time: performance.now() });
    return rate;
  } finally {
    await store.dispose();
  }
}
