/**
 * Checkpoints: each a folder that the ecosystem reads as a model (config, weights, tokenizer), with
 * the optimizer's state and the run's position beside it. A checkpoint is there whole or not at all.
 * The batches of a run follow from its seed and the step's number, so nothing else need be kept.
 */
import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, hasCode, messageOf } from '../../base/errors';
import { atomicFile, atomicFolder, atomicRemove, fileError, systemCodeOf } from '../../base/files';
import type { ModelConfig } from '../../recipe/model';
import type { Store } from '../backend/backend';
import type { Shape } from '../graph/graph';
import {
  openSafetensors,
  parameterShapes,
  readAdapter,
  readModelFolder,
  withoutAdapters,
  writeAdapter,
  writeModelFiles,
  writeSafetensors,
} from '../interop/interop';
import type { ModelFolder, TensorSource } from '../interop/interop';
import { lossScaleSchema } from './lossScale';
import { readTokenizer } from '../tokenizer/tokenizer';
import type { Tokenizer } from '../tokenizer/tokenizer';

const bestSchema = z.strictObject({
  step: z.int().nonnegative(),
  valLoss: z.number(),
  /** Held-out tokens that it was measured on: measurements on others don't compare. */
  tokens: z.int().nonnegative(),
});

/** How well the model of a step predicts held-out text, in nats a token. */
export type Best = z.infer<typeof bestSchema>;

const positionSchema = z.strictObject({
  step: z.int().nonnegative(),
  /** Trained on so far. */
  tokens: z.int().nonnegative(),
  measured: bestSchema.optional(),
  /** Only of a run whose products are of half floats. */
  lossScale: lossScaleSchema.optional(),
});

export type Position = z.infer<typeof positionSchema>;

const POSITION_FILE = 'training.json';
const OPTIMIZER_FILE = 'optimizer.safetensors';
const BEST_FILE = 'best.json';
/** As PEFT has it; the model beside it has them in its weights already. */
const ADAPTER_FOLDER = 'adapter';
const NAME = /^step-(\d{6,})$/;

export function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

export interface Checkpoint {
  readonly folder: string;
  readonly step: number;
}

/** The checkpoints in a run's `checkpoints` folder, oldest first; none where there is no folder. */
export async function listCheckpoints(folder: string): Promise<Checkpoint[]> {
  const names = await readdir(folder).catch((thrown: unknown): string[] => {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw fileError(thrown, 'read', folder);
  });
  return names
    .flatMap((name) => {
      const step = NAME.exec(name)?.[1];
      return step === undefined ? [] : [{ folder: path.join(folder, name), step: Number(step) }];
    })
    .sort((a, b) => a.step - b.step);
}

/** What a model that was trained before brings along; its checkpoints hand it on. */
export type Inherited = Pick<ModelFolder, 'specialTokens' | 'generationConfig' | 'chatTemplate'>;

export interface Written {
  readonly config: ModelConfig;
  /** Undefined for a model that began here: what its tokenizer says goes. */
  readonly inherited: Inherited | undefined;
  readonly tokenizer: Tokenizer;
  readonly store: Store;
  readonly optimizerStates: ReadonlyMap<string, Shape>;
  readonly position: Position;
  /** Of a run that trains adapters: the model beside which they stand. */
  readonly base: string | undefined;
}

/**
 * Writes `step-...` into the `checkpoints` folder and gives its path. Throws `not-finite` for
 * parameters that are not numbers, or the file system's reason; nothing is left then.
 */
export async function writeCheckpoint(folder: string, written: Written): Promise<string> {
  const { config, inherited, tokenizer, store, optimizerStates, position, base = '' } = written;
  const target = path.join(folder, checkpointName(position.step));
  const { bosId, eosId } = tokenizer;
  const own = { bos: bosId, eos: eosId === undefined ? [] : [eosId], pad: undefined };
  const source = sourceOf(store, parameterShapes(config));
  await atomicFolder(target, async (temporary) => {
    if (config.lora) {
      const adapter = path.join(temporary, ADAPTER_FOLDER);
      await mkdir(adapter);
      await writeAdapter(adapter, config, source, base);
    }
    await writeModelFiles(temporary, {
      ...withoutAdapters(config, source),
      tokenizerJson: tokenizer.toJson(),
      tokenizerConfig: tokenizer.toConfigJson(),
      specialTokens: inherited?.specialTokens ?? own,
      generationConfig: inherited?.generationConfig,
      chatTemplate: inherited?.chatTemplate,
    });
    await writeSafetensors(
      path.join(temporary, OPTIMIZER_FILE),
      [...optimizerStates].map(([name, shape]) => ({
        name,
        shape,
        dtype: 'F32' as const,
        data: () => store.read(name),
      })),
    );
    await atomicFile(path.join(temporary, POSITION_FILE), `${JSON.stringify(position)}\n`);
  });
  return target;
}

function sourceOf(store: Store, shapes: ReadonlyMap<string, Shape>): TensorSource {
  return {
    tensors: new Map([...shapes].map(([name, shape]) => [name, { dtype: 'F32' as const, shape }])),
    readF32: async (name) => {
      const data = await store.read(name);
      if (data.every((value) => Number.isFinite(value))) return data;
      throw new GlassboxError('not-finite', `The parameter ${name} holds what is not a number.`);
    },
    close: () => Promise.resolve(),
  };
}

/** Whether a folder is a checkpoint of a run. */
export async function isCheckpoint(folder: string): Promise<boolean> {
  return stat(path.join(folder, POSITION_FILE)).then(
    () => true,
    () => false,
  );
}

/** Where the run stood at a checkpoint. Throws `not-a-checkpoint` for any other folder. */
export async function readPosition(folder: string): Promise<Position> {
  const file = path.join(folder, POSITION_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT') throw fileError(thrown, 'read', file);
    throw new GlassboxError('not-a-checkpoint', `${folder} is not a checkpoint of a run.`, {
      remedy: 'Choose the folder of a run, or one of those in its checkpoints folder.',
      cause: thrown,
    });
  }
  try {
    return positionSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(`${file} is damaged.`, folder, cause);
  }
}

/**
 * Opens every part of a checkpoint, before anything is built on it. What is wrong with its files is the
 * checkpoint's damage: nobody can mend it, but an older one may be whole.
 *
 * Throws `checkpoint-damaged`, and as they are what says nothing of the files: that the disk cannot be
 * read now, and `unsupported-model`.
 */
export async function checkCheckpoint(folder: string): Promise<void> {
  try {
    await readTokenizer(folder);
    const model = await readModelFolder(folder);
    await model.tensors.close();
    const optimizer = await openSafetensors(path.join(folder, OPTIMIZER_FILE));
    await optimizer.close();
  } catch (cause) {
    if (hasCode(cause, 'unsupported-model') || isUnreadable(cause)) throw cause;
    const message = `The checkpoint ${path.basename(folder)} is damaged: ${messageOf(cause)}`;
    throw damaged(message, folder, cause);
  }
}

/** The file system refused, for another reason than that something is missing or is no file. */
function isUnreadable(thrown: unknown): boolean {
  const systemCode = thrown instanceof GlassboxError ? thrown.details['systemCode'] : undefined;
  return typeof systemCode === 'string' && !['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode);
}

function damaged(message: string, checkpoint: string, cause: unknown): GlassboxError {
  const remedy = 'Resume from an older checkpoint of the run.';
  const details = { checkpoint: path.resolve(checkpoint) };
  return new GlassboxError('checkpoint-damaged', message, { remedy, details, cause });
}

/**
 * Fills the store with a checkpoint's parameters and optimizer state; where the run trains adapters,
 * with these, beside weights that are there already.
 */
export async function restore(
  folder: string,
  config: ModelConfig,
  store: Store,
  optimizerStates: ReadonlyMap<string, Shape>,
): Promise<void> {
  if (config.lora) {
    for await (const { name, data } of readAdapter(path.join(folder, ADAPTER_FOLDER), config))
      await store.write(name, data);
  } else await restoreParameters(folder, store);
  const optimizer = await openSafetensors(path.join(folder, OPTIMIZER_FILE));
  try {
    for (const name of optimizerStates.keys()) {
      if (!optimizer.tensors.has(name)) {
        throw new GlassboxError(
          'checkpoint-optimizer',
          `${folder} has no optimizer state ${name}.`,
          { remedy: 'Resume with the optimizer and the frozen parameters that the run had.' },
        );
      }
      await store.write(name, await optimizer.readF32(name));
    }
  } finally {
    await optimizer.close();
  }
}

/**
 * Fills the store with the parameters of a model folder. With `grow`, a vocabulary that has become
 * larger gets its new rows (grownRows.ts).
 */
export async function restoreParameters(
  folder: string,
  store: Store,
  grow: (name: string, data: Float32Array) => Float32Array = (_, data) => data,
): Promise<void> {
  const model = await readModelFolder(folder);
  try {
    for (const name of parameterShapes(model.config).keys()) {
      await store.write(name, grow(name, await model.tensors.readF32(name)));
    }
  } finally {
    await model.tensors.close();
  }
}

/** The best checkpoint of a run, by validation loss; undefined where none was measured, or it is gone. */
export async function readBest(folder: string): Promise<Best | undefined> {
  const text = await readFile(path.join(folder, BEST_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const best = bestSchema.parse(JSON.parse(text));
    return (await isCheckpoint(path.join(folder, checkpointName(best.step)))) ? best : undefined;
  } catch {
    // Only a convenience: a damaged one is written anew at the next measurement.
    return undefined;
  }
}

export async function writeBest(folder: string, best: Best): Promise<void> {
  await atomicFile(path.join(folder, BEST_FILE), `${JSON.stringify(best)}\n`);
}

/** Removes all but the newest `keep` checkpoints and the best one. */
export async function prune(folder: string, keep: number, best: number | undefined): Promise<void> {
  const checkpoints = await listCheckpoints(folder);
  for (const { folder: old, step } of checkpoints.slice(0, -keep)) {
    if (step !== best) await atomicRemove(old);
  }
}
