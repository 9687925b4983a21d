/**
 * A training run from beginning to end, or from a checkpoint on. It yields what happens and writes
 * the same into the run's folder. Everything that can be wrong with the recipe, the text or the
 * machine shows before the folder becomes a run: then nothing of it stays.
 */
import path from 'node:path';
import { yieldReports } from '../../base/asyncQueue';
import type { ModelConfig } from '../../recipe/model';
import { applySettings } from '../../recipe/run';
import type { Recipe } from '../../recipe/run';
import type { Backend, CompileProgress } from '../backend/backend';
import { readModelFolder } from '../interop/interop';
import { checkVocabulary, initialParameters, parameterCount, resolveModel } from '../model/model';
import { readTokenizer } from '../tokenizer/tokenizer';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { checkCheckpoint, restore, restoreParameters } from './checkpoints';
import type { Inherited, Position } from './checkpoints';
import { inSteps, keepsApart, trainingBatches } from './datasets';
import type { RunEvent } from './events';
import { trainedBy } from './frozen';
import { growthOf } from './grownRows';
import { Loop } from './loop';
import { Observer } from './observer';
import { prepare, reopen } from './prepare';
import type { Conversations, Prepared } from './prepare';
import { branch, locate, refuseFewer, refuseMisfits } from './resume';
import { checkRoom } from './room';
import type { Room } from './room';
import { RunFolder, readRunRecipe, readRunTemplate } from './runFolder';
import type { RecordLine } from './runRecords';
import { Trainer } from './trainer';

/** What a run needs of the machine. */
export interface RunContext {
  readonly backend: Backend;
  /** Computing threads, for people to read. */
  readonly threads: number;
  /** Where the text of a recipe that says "sample" lies. */
  readonly samplePath: string;
  /** For runs on conversations. */
  readonly conversations?: Conversations | undefined;
  /** Told the run's folder as soon as this process has locked it, long before the run starts. */
  readonly onTaken?: ((folder: string) => void) | undefined;
}

/** A run's folder, or where runs lie: there it is named after the recipe, with a number if need be. */
export type Place = { readonly folder: string } | { readonly runs: string };

/**
 * Starts a run in a folder which must not hold one already. Throws `run-exists`, `run-busy`, and
 * what is wrong with the recipe, the text or the model.
 */
export async function* startRun(
  recipe: Recipe,
  place: Place,
  context: RunContext,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  const run =
    'folder' in place
      ? await RunFolder.take(place.folder)
      : await RunFolder.takeFree(place.runs, recipe.name ?? 'run');
  context.onTaken?.(run.path);
  try {
    run.refuseExisting();
    // Checked before the text is read: a shape that cannot be should not cost a minute.
    const { from, context: contextAsked } = recipe.model;
    const began = from === undefined ? undefined : await readOrigin(from);
    const config = began?.config ?? resolveModel(recipe.model, recipe.tokenizer.vocab);
    const origin = {
      context: contextAsked ?? config.context,
      template: began?.inherited?.chatTemplate,
    };
    const { conversations } = context;
    const paths = recipe.data.paths === 'sample' ? [context.samplePath] : recipe.data.paths;
    const prepared = yield* yieldReports<RunEvent, Prepared>(signal, (ends, report) => {
      const onNote = (text: string): void => report({ kind: 'note', text });
      const where = { folder: run.corpus, origin, conversations };
      return prepare({ recipe, paths, ...where, signal: ends, onNote });
    });
    const asked = withQuestions(recipe, prepared.questions);
    const parts = { recipe: asked, run, prepared, context, signal };
    yield* drive({ ...parts, begin: START, checkpoint: undefined });
  } catch (thrown) {
    await run.fail(thrown);
    throw thrown;
  } finally {
    await run.release();
  }
}

/**
 * Goes on with a run from its newest checkpoint, or from the checkpoint that `folder` is. From an
 * older one, or with `out`, a new run is made and the old one left as it is. Throws `run-busy`,
 * `checkpoint-damaged`, and what doesn't fit the checkpoint.
 */
export async function* resumeRun(
  folder: string,
  options: { settings: readonly string[]; out: string | undefined },
  context: RunContext,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  let origin = await locate(folder);
  const sameRun = origin.newest && (options.out === undefined || isSame(options.out, origin.run));
  const target = sameRun
    ? origin.run
    : (options.out ?? `${origin.run}-from-${origin.position.step}`);
  const run = await RunFolder.take(target);
  context.onTaken?.(run.path);
  try {
    // Until the folder was ours another process may have gone on with the run.
    if (sameRun) origin = await locate(origin.run);
    else run.refuseExisting();
    const before = await readRunRecipe(origin.run);
    const recipe = applySettings(before, options.settings);
    refuseMisfits(before, recipe, origin.position);
    if (origin.checkpoint !== undefined) await checkCheckpoint(origin.checkpoint);
    const checkpoint = sameRun ? origin.checkpoint : await branch(origin, run);
    const template = await readRunTemplate(origin.run);
    const tokenizer = await readTokenizer(checkpoint ?? origin.run);
    const prepared = reopen(run.corpus, tokenizer, template);
    const begin = origin.position;
    yield* drive({ recipe, run, prepared, context, signal, begin, checkpoint });
  } catch (thrown) {
    await run.fail(thrown);
    throw thrown;
  } finally {
    await run.release();
  }
}

/** Where the recipe has no prompts, the run shows what the model answers to these. */
function withQuestions(recipe: Recipe, questions: readonly string[] = []): Recipe {
  const { samples } = recipe;
  if (samples.prompts.length > 0) return recipe;
  return { ...recipe, samples: { ...samples, prompts: [...questions] } };
}

/** The recipe with which a folder would be resumed. */
export async function runRecipe(request: {
  folder: string;
  settings: readonly string[];
}): Promise<Recipe> {
  const { run } = await locate(request.folder);
  return applySettings(await readRunRecipe(run), request.settings);
}

const START: Position = { step: 0, tokens: 0 };

/** In the words that people read. */
const DOING: Readonly<Record<CompileProgress['doing'], string>> = {
  compile: 'Compiling kernels',
  tune: 'Trying kernels',
};

interface Drive {
  readonly recipe: Recipe;
  readonly run: RunFolder;
  readonly prepared: Prepared;
  readonly context: RunContext;
  readonly signal: AbortSignal;
  readonly begin: Position;
  readonly checkpoint: string | undefined;
}

async function* drive(parts: Drive): AsyncGenerator<RunEvent, void, void> {
  const { prepared, context, checkpoint } = parts;
  try {
    const origin = await modelOf(parts.recipe, prepared, checkpoint);
    const { recipe, said } = inSteps(parts.recipe, prepared.corpus.train, origin.config.context);
    if (said !== undefined) yield { kind: 'note', text: said };
    refuseFewer(recipe, parts.begin);
    const trains = trainedBy(recipe.model.freeze, origin.config);
    const room = await checkRoom(context.backend, origin.config, recipe, trains);
    try {
      yield* trainIn(room, { ...parts, ...origin, recipe, trains });
    } catch (thrown) {
      await room?.rethrow(thrown);
      throw thrown;
    }
  } finally {
    prepared.corpus.close();
  }
}

interface Training extends Drive, Origin {
  readonly trains: (parameter: string) => boolean;
}

/** Holds nothing on the backend any more when it has ended. */
async function* trainIn(
  room: Room | undefined,
  parts: Training,
): AsyncGenerator<RunEvent, void, void> {
  const { recipe, run, prepared, context, signal, begin, checkpoint, config, trains } = parts;
  const { tokenizer, corpus } = prepared;
  const release: (() => Promise<void> | void)[] = [];
  try {
    const batches = trainingBatches(recipe, corpus.train, config.context);
    const trainer = yield* yieldReports<RunEvent, Trainer>(signal, (_, report) =>
      Trainer.open(context.backend, {
        config,
        settings: recipe.train,
        batches,
        segments: keepsApart(recipe),
        trains,
        lossScale: begin.lossScale,
        onProgress: ({ doing, done, total }) =>
          report({ kind: 'progress', doing: DOING[doing], done, total }),
      }),
    );
    release.unshift(() => trainer.store.dispose());
    const heldOut = corpus.validation;
    const ask = askerOf(prepared, context);
    const observer = new Observer({ trainer, tokenizer, batches, heldOut, recipe, ask });
    release.unshift(() => observer.dispose());
    await fill(trainer, parts);

    await run.commit(recipe, tokenizer, prepared.template);
    const holding = kept(begin, recipe.train.steps, checkpoint);
    const records = await run.openRecords(holding, begin.step);
    yield {
      kind: 'start',
      run: run.path,
      steps: recipe.train.steps,
      parameters: parameterCount(config),
      tokens: corpus.train.length,
      validationTokens: heldOut?.length ?? 0,
      vocab: config.vocab,
      backend: context.backend.adapter,
      precision: context.backend.precision,
      threads: context.threads,
      answers: ask !== undefined,
      ...(room ? { memory: room.bytes } : {}),
      ...(checkpoint === undefined ? {} : { resumedFrom: begin.step }),
    };
    yield* new Loop({ ...parts, tokenizer, trainer, observer, records }).run();
  } finally {
    for (const each of release) await each();
  }
}

/** Which records of an earlier part of the run still hold when it goes on from `begin`. */
function kept(
  begin: Position,
  steps: number,
  checkpoint: string | undefined,
): (line: RecordLine) => boolean {
  // From the very beginning everything is written anew, and at the end the last measurement is.
  return ({ kind, step }) =>
    checkpoint !== undefined &&
    step <= begin.step &&
    !(kind === 'eval' && step === steps && step === begin.step);
}

interface Origin {
  readonly config: ModelConfig;
  readonly inherited: Inherited | undefined;
}

async function readOrigin(folder: string): Promise<Origin> {
  const { config, tensors, ...inherited } = await readModelFolder(folder);
  await tensors.close();
  const { specialTokens, generationConfig, chatTemplate } = inherited;
  return { config, inherited: { specialTokens, generationConfig, chatTemplate } };
}

/** What the model is given for a prompt where it is taught to answer. */
function askerOf(
  { template, tokenizer }: Prepared,
  { conversations }: RunContext,
): ((prompt: string) => readonly number[]) | undefined {
  if (template === undefined || !conversations) return undefined;
  return (prompt) => conversations.ask(prompt, template, tokenizer);
}

async function modelOf(
  recipe: Recipe,
  { tokenizer, template }: Prepared,
  checkpoint: string | undefined,
): Promise<Origin> {
  const folder = checkpoint ?? recipe.model.from;
  const began = folder === undefined ? undefined : await readOrigin(folder);
  let config = began?.config ?? resolveModel(recipe.model, tokenizer.vocabSize);
  // A template brings tokens along that the model has not met.
  if (template !== undefined)
    config = { ...config, vocab: Math.max(config.vocab, tokenizer.vocabSize) };
  checkVocabulary(tokenizer.vocabSize, config);
  if (began) config = { ...config, context: recipe.model.context ?? config.context };
  config = await adapted(config, recipe, tokenizer);
  if (template === undefined) return { config, inherited: began?.inherited };
  const { bosId: bos, eosId } = tokenizer;
  const before = began?.inherited?.specialTokens ?? { bos, eos: [], pad: undefined };
  // The end of an answer, and what ended a text before.
  const eos = [...new Set([...(eosId === undefined ? [] : [eosId]), ...before.eos])];
  const generationConfig = began?.inherited?.generationConfig;
  const specialTokens = { ...before, eos };
  return { config, inherited: { specialTokens, generationConfig, chatTemplate: template } };
}

/** With the recipe's adapters. Tokens that the model has not met can only be learnt in its embedding. */
async function adapted(
  config: ModelConfig,
  { model: { lora, from } }: Recipe,
  tokenizer: Tokenizer,
): Promise<ModelConfig> {
  if (!lora || from === undefined) return config;
  const before = await readTokenizer(from);
  const embeddings = [...tokenizer.specialTokens.values()].some((id) => !before.hasToken(id));
  return { ...config, lora: { ...lora, embeddings } };
}

async function fill(
  trainer: Trainer,
  { recipe, prepared, checkpoint }: Pick<Drive, 'recipe' | 'prepared' | 'checkpoint'>,
): Promise<void> {
  const { from } = recipe.model;
  const { config, store, optimizerStates } = trainer;
  if (checkpoint !== undefined && !config.lora) {
    await restore(checkpoint, config, store, optimizerStates);
    return;
  }
  if (from !== undefined && prepared.template !== undefined) {
    const grow = growthOf(config, await readTokenizer(from), prepared.tokenizer);
    await restoreParameters(from, store, grow);
  } else if (from !== undefined) {
    await restoreParameters(from, store);
  } else {
    for (const { name, data } of initialParameters(config, recipe.seed))
      await store.write(name, data);
  }
  if (!config.lora) return;
  if (checkpoint !== undefined) await restore(checkpoint, config, store, optimizerStates);
  else
    for (const { name, data } of initialParameters(config, recipe.seed))
      if (name.includes('.lora_')) await store.write(name, data);
}

function isSame(a: string, b: string): boolean {
  return path.resolve(a) === path.resolve(b);
}
