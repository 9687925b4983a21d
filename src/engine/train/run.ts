/**
 * A training run from beginning to end, or from a checkpoint on: the one loop for every stage. It
 * yields what happens and writes the same into the run's folder. Aborting it writes a checkpoint of
 * the last finished step first, so that nothing is lost.
 */
import { cp, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { fileError, sweepTemporary } from '../../base/files';
import type { ModelConfig } from '../../recipe/model';
import { applySettings } from '../../recipe/run';
import type { Recipe } from '../../recipe/run';
import type { Backend } from '../backend/backend';
import { packedDocuments, randomWindows } from '../data/data';
import { parameterShapes, readModelFolder } from '../interop/interop';
import { initialParameters, parameterCount, resolveModel } from '../model/model';
import {
  listCheckpoints,
  prune,
  readBest,
  readPosition,
  restore,
  restoreParameters,
  writeBest,
  writeCheckpoint,
} from './checkpoints';
import type { Position } from './checkpoints';
import type { EvaluationEvent, RunEvent } from './events';
import { Observer } from './observer';
import { checkVocabulary, prepare, readTokenizer, reopen } from './prepare';
import type { Prepared } from './prepare';
import { RunFolder, readRunRecipe } from './runFolder';
import { Trainer } from './trainer';

/** What a run needs of the machine. */
export interface RunContext {
  readonly backend: Backend;
  /** Computing threads, for people to read. */
  readonly threads: number;
  /** Where the text of a recipe that says "sample" lies. */
  readonly samplePath: string;
}

/**
 * Starts a run in `folder`, which must not hold one already. Throws `run-exists`, `run-busy`, and
 * what is wrong with the recipe, the text or the model.
 */
export async function* startRun(
  recipe: Recipe,
  folder: string,
  context: RunContext,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  await refuseExisting(folder);
  const run = await RunFolder.take(folder);
  try {
    // Checked before the text is read: a shape that cannot be should not cost a minute.
    if (recipe.model.from === undefined) resolveModel(recipe.model, recipe.tokenizer.vocab);
    const notes: string[] = [];
    const paths = recipe.data.paths === 'sample' ? [context.samplePath] : recipe.data.paths;
    yield { kind: 'note', text: 'Reading the text' };
    const prepared = await prepare({
      recipe,
      paths,
      folder: run.corpus,
      signal,
      onNote: (text) => notes.push(text),
    });
    for (const text of notes) yield { kind: 'note', text };
    await run.writeRecipe(recipe);
    yield* drive({ recipe, run, prepared, context, signal, from: undefined });
  } finally {
    await run.release();
  }
}

/**
 * Goes on with a run from its newest checkpoint, or from the checkpoint that `folder` is. From an
 * older one, or with `out`, a new run is made and the old one left as it is.
 */
export async function* resumeRun(
  folder: string,
  options: { settings: readonly string[]; out: string | undefined },
  context: RunContext,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  const { origin, checkpoint, newest } = await locate(folder);
  const before = await readRunRecipe(origin);
  const recipe = applySettings(before, options.settings);
  refuseMisfits(before, recipe);
  const position = await readPosition(checkpoint);
  const sameRun = options.out === undefined && newest;
  const target = sameRun ? origin : (options.out ?? `${origin}-from-${position.step}`);
  const elsewhere = path.resolve(target) !== path.resolve(origin);
  if (elsewhere) await refuseExisting(target);
  const run = await RunFolder.take(target);
  try {
    if (elsewhere) await branch(origin, run);
    await sweepTemporary(run.checkpoints);
    await run.writeRecipe(recipe);
    const prepared = reopen(run.corpus, await readTokenizer(checkpoint));
    yield* drive({ recipe, run, prepared, context, signal, from: { checkpoint, position } });
  } finally {
    await run.release();
  }
}

/** The recipe with which a folder would be resumed. */
export async function runRecipe(request: {
  folder: string;
  settings: readonly string[];
}): Promise<Recipe> {
  const { origin } = await locate(request.folder);
  return applySettings(await readRunRecipe(origin), request.settings);
}

interface Drive {
  readonly recipe: Recipe;
  readonly run: RunFolder;
  readonly prepared: Prepared;
  readonly context: RunContext;
  readonly signal: AbortSignal;
  readonly from: { readonly checkpoint: string; readonly position: Position } | undefined;
}

async function* drive(parts: Drive): AsyncGenerator<RunEvent, void, void> {
  const { recipe, run, prepared, context, signal, from } = parts;
  const { tokenizer, corpus } = prepared;
  const config = await configOf(recipe, prepared, from?.checkpoint);
  const packed = recipe.data.batching === 'packed';
  const shape = { batch: recipe.train.batch, context: config.context, seed: recipe.seed };
  const batches = packed
    ? packedDocuments(corpus.train, shape)
    : randomWindows(corpus.train, shape);
  const trainer = await Trainer.open(context.backend, {
    config,
    settings: recipe.train,
    batches,
    segments: packed,
    trains: trainedBy(recipe.model.freeze, config),
  });
  const observer = new Observer({ trainer, tokenizer, corpus, recipe });
  try {
    await fill(trainer, recipe, from?.checkpoint);
    const begun = from?.position ?? { step: 0, tokens: 0 };
    await run.openRecords(begun.step);
    yield {
      kind: 'start',
      run: run.path,
      steps: recipe.train.steps,
      parameters: parameterCount(config),
      tokens: corpus.train.length,
      validationTokens: corpus.validation?.length ?? 0,
      vocab: config.vocab,
      backend: context.backend.adapter,
      threads: context.threads,
      ...(from ? { resumedFrom: begun.step } : {}),
    };
    yield* loop({ recipe, run, trainer, observer, signal, begun, parts });
  } finally {
    await observer.dispose();
    await trainer.store.dispose();
    corpus.close();
  }
}

async function* loop(inside: {
  recipe: Recipe;
  run: RunFolder;
  trainer: Trainer;
  observer: Observer;
  signal: AbortSignal;
  begun: Position;
  parts: Drive;
}): AsyncGenerator<RunEvent, void, void> {
  const { recipe, run, trainer, observer, signal, begun, parts } = inside;
  const { steps, evalEvery, sampleEvery, checkpointEvery, keepCheckpoints } = recipe.train;
  const due = (step: number, every: number): boolean =>
    step === steps || (every > 0 && step % every === 0);
  let best = await readBest(run.checkpoints);
  let last = parts.from?.checkpoint;
  let { step, tokens } = begun;
  let measured: EvaluationEvent | undefined;
  let saved = parts.from ? begun.step : -1;

  /** Measures on the held-out text, once a step. */
  async function* measure(): AsyncGenerator<RunEvent, void, void> {
    if (measured?.step === step) return;
    for await (const event of observer.evaluation(step, signal)) {
      measured = event;
      run.record('metrics', event);
      yield event;
    }
  }

  /** Every planned checkpoint is measured, so that the best can be told. */
  async function* save(): AsyncGenerator<RunEvent, void, void> {
    if (!signal.aborted) yield* measure();
    const valLoss = measured?.step === step ? measured.valLoss : undefined;
    const position = { step, tokens, ...(valLoss === undefined ? {} : { valLoss }) };
    const { store, optimizerStates, config } = trainer;
    const { tokenizer } = parts.prepared;
    const written = { config, tokenizer, store, optimizerStates, position };
    last = await writeCheckpoint(run.checkpoints, written);
    saved = step;
    if (valLoss !== undefined && valLoss < (best?.valLoss ?? Infinity)) {
      best = { step, valLoss };
      await writeBest(run.checkpoints, best);
    }
    await prune(run.checkpoints, keepCheckpoints, best?.step);
    yield { kind: 'checkpoint', step, path: last };
  }

  await mkdir(run.checkpoints, { recursive: true });
  if (step === 0) yield* written(run, observer.samples(0, signal));
  while (step < steps && !signal.aborted) {
    const started = performance.now();
    const { loss, gradNorm, lr } = await trainer.run(step + 1);
    const stepMs = performance.now() - started;
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw diverged(step + 1, loss, last);
    step += 1;
    tokens += trainer.tokensPerStep;
    const event: RunEvent = {
      kind: 'train',
      step,
      tokens,
      loss,
      lr,
      gradNorm,
      tokensPerSecond: (trainer.tokensPerStep / stepMs) * 1000,
      stepMs,
      time: Date.now(),
    };
    run.record('metrics', event);
    yield event;
    if (due(step, evalEvery)) yield* measure();
    if (due(step, sampleEvery)) yield* written(run, observer.samples(step, signal));
    if (due(step, checkpointEvery)) yield* save();
    // A turn of the event loop, in which a message to stop can arrive.
    await new Promise(setImmediate);
  }
  if (saved !== step && step > 0) yield* save();
  if (signal.aborted) {
    throw new GlassboxError('cancelled', `Stopped at step ${step}.`, { cause: signal.reason });
  }
  if (last !== undefined) yield { kind: 'done', run: run.path, checkpoint: last };
}

async function* written(
  run: RunFolder,
  events: AsyncIterable<RunEvent>,
): AsyncGenerator<RunEvent, void, void> {
  for await (const event of events) {
    run.record('samples', event);
    yield event;
  }
}

function diverged(step: number, loss: number, checkpoint: string | undefined): GlassboxError {
  const what = Number.isFinite(loss) ? 'The gradient is not finite' : `The loss is ${loss}`;
  const kept =
    checkpoint === undefined
      ? 'No checkpoint had been written yet.'
      : `The last good checkpoint is kept: ${checkpoint}`;
  return new GlassboxError('loss-not-finite', `${what} at step ${step}. ${kept}`, {
    remedy: 'Lower train.lr, lengthen train.warmup, or set train.gradientClip.',
    details: { step, checkpoint },
  });
}

async function configOf(
  recipe: Recipe,
  { tokenizer }: Prepared,
  checkpoint: string | undefined,
): Promise<ModelConfig> {
  const folder = checkpoint ?? recipe.model.from;
  if (folder === undefined) return resolveModel(recipe.model, tokenizer.vocabSize);
  const model = await readModelFolder(folder);
  await model.tensors.close();
  checkVocabulary(tokenizer, model.config.vocab);
  return { ...model.config, context: recipe.model.context ?? model.config.context };
}

async function fill(
  trainer: Trainer,
  recipe: Recipe,
  checkpoint: string | undefined,
): Promise<void> {
  if (checkpoint !== undefined) {
    await restore(checkpoint, trainer.store, trainer.optimizerStates);
  } else if (recipe.model.from !== undefined) {
    await restoreParameters(recipe.model.from, trainer.store);
  } else {
    for (const { name, data } of initialParameters(trainer.config, recipe.seed)) {
      await trainer.store.write(name, data);
    }
  }
}

/** Whether a parameter is trained, by the recipe's patterns of frozen ones (`*` for anything). */
function trainedBy(freeze: readonly string[], config: ModelConfig): (name: string) => boolean {
  const names = [...parameterShapes(config).keys()];
  const frozen = freeze.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'));
    const expression = new RegExp(`^${parts.join('.*')}$`);
    if (!names.some((name) => expression.test(name))) {
      throw new GlassboxError('model-freeze', `No parameter is called ${pattern}.`, {
        remedy: `Names are such as ${names[1] ?? ''}; * stands for anything.`,
      });
    }
    return expression;
  });
  const trains = (name: string): boolean => !frozen.some((expression) => expression.test(name));
  if (!names.some(trains)) {
    throw new GlassboxError('model-freeze', 'Every parameter is frozen: nothing would be trained.');
  }
  return trains;
}

async function refuseExisting(folder: string): Promise<void> {
  const recipe = await stat(path.join(folder, 'recipe.json')).catch(() => undefined);
  if (!recipe) return;
  throw new GlassboxError('run-exists', `${folder} holds a run already.`, {
    remedy: `Go on with it by --resume ${folder}, or choose another folder with --out.`,
  });
}

/** The run and the checkpoint that a folder stands for. */
async function locate(
  folder: string,
): Promise<{ origin: string; checkpoint: string; newest: boolean }> {
  const position = await stat(path.join(folder, 'training.json')).catch(() => undefined);
  const origin = position ? path.dirname(path.dirname(path.resolve(folder))) : folder;
  if (!position) await readRunRecipe(origin);
  const checkpoints = await listCheckpoints(path.join(origin, 'checkpoints'));
  const last = checkpoints.at(-1);
  if (!last) {
    throw new GlassboxError('no-checkpoint', `${origin} has no checkpoint to go on from.`, {
      remedy: 'Start the run anew in another folder.',
    });
  }
  const checkpoint = position ? path.resolve(folder) : last.folder;
  return { origin, checkpoint, newest: path.resolve(last.folder) === path.resolve(checkpoint) };
}

/** What was decided when the run began stays: the weights and the tokens have it in them. */
function refuseMisfits(before: Recipe, after: Recipe): void {
  const fixed = ['data', 'tokenizer', 'model'] as const;
  const changed = fixed.filter(
    (part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]),
  );
  if (changed.length === 0) return;
  throw new GlassboxError(
    'resume-misfit',
    `A resumed run keeps its ${changed.join(' and ')}: they cannot be set.`,
    { remedy: 'Start a new run with model.from set to the checkpoint.' },
  );
}

async function branch(origin: string, run: RunFolder): Promise<void> {
  try {
    for (const name of ['corpus', 'metrics.jsonl', 'samples.jsonl']) {
      await cp(path.join(origin, name), path.join(run.path, name), {
        recursive: true,
        force: true,
      });
    }
  } catch (thrown) {
    throw fileError(thrown, 'copy', origin);
  }
}
