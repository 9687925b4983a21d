/**
 * Where a run goes on: which checkpoint a folder stands for, what may change, and, from an older
 * checkpoint or into another folder, a new run that begins as a copy.
 */
import { constants } from 'node:fs';
import { cp, stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { atomicFolder, fileError, systemCodeOf } from '../../base/files';
import type { Recipe } from '../../recipe/run';
import { readModelFolder } from '../interop/interop';
import { checkpointName, isCheckpoint, listCheckpoints, readPosition } from './checkpoints';
import type { Position } from './checkpoints';
import { isRun, readRunRecipe } from './runFolder';
import type { RunFolder } from './runFolder';

export interface Origin {
  /** The run's folder. */
  readonly run: string;
  /** None where the run was stopped before its first one: it begins again, on the same tokens. */
  readonly checkpoint: string | undefined;
  readonly position: Position;
  /** Whether no checkpoint of the run is newer. */
  readonly newest: boolean;
}

/** What a run's folder, or that of one of its checkpoints, stands for. Throws `not-a-run`. */
export async function locate(folder: string): Promise<Origin> {
  const plain = path.join(path.dirname(folder), path.basename(folder));
  const named = await isCheckpoint(plain);
  const run = named ? path.dirname(path.dirname(path.resolve(plain))) : plain;
  await readRunRecipe(run);
  const last = (await listCheckpoints(path.join(run, 'checkpoints'))).at(-1)?.folder;
  const checkpoint = named ? path.resolve(plain) : last;
  return {
    run,
    checkpoint,
    position: checkpoint === undefined ? { step: 0, tokens: 0 } : await readPosition(checkpoint),
    newest: (last && path.resolve(last)) === (checkpoint && path.resolve(checkpoint)),
  };
}

/**
 * The model that a folder stands for: a run's is its newest checkpoint that can be read, any other
 * folder is its own. Throws `no-checkpoint` for a run without one.
 */
export async function modelFolder(folder: string): Promise<string> {
  if (!(await isRun(folder))) return folder;
  let problem: unknown;
  for (const checkpoint of (await listCheckpoints(path.join(folder, 'checkpoints'))).reverse()) {
    try {
      const { tensors } = await readModelFolder(checkpoint.folder);
      await tensors.close();
      return checkpoint.folder;
    } catch (thrown) {
      problem ??= thrown;
    }
  }
  throw new GlassboxError('no-checkpoint', `The run ${folder} has no checkpoint to read.`, {
    remedy: 'Let it train until its first checkpoint.',
    cause: problem,
  });
}

/** Throws `resume-misfit` where the new recipe cannot go on from where the run stands. */
export function refuseMisfits(before: Recipe, after: Recipe, position: Position): void {
  // The weights and the tokens have in them what was decided when the run began.
  const fixed = ['data', 'tokenizer', 'model'] as const;
  const changed = fixed.filter(
    (part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]),
  );
  if (changed.length > 0) {
    throw new GlassboxError(
      'resume-misfit',
      `A resumed run keeps its ${changed.join(' and ')}: that cannot be set.`,
      { remedy: 'Start a new run with model.from set to the checkpoint.' },
    );
  }
  // How many steps an epoch has shows later.
  if (after.train.epochs === undefined) refuseFewer(after, position);
}

/** Throws `resume-misfit` where a run has made more steps than it is asked for. */
export function refuseFewer({ train: { steps } }: Recipe, { step }: Position): void {
  if (steps >= step) return;
  throw new GlassboxError(
    'resume-misfit',
    `The run has made ${step} steps, and is asked for ${steps} in all.`,
    { remedy: 'Ask for more steps, or resume from an older checkpoint.', details: { step } },
  );
}

/** Copies into a run of its own all that going on from the checkpoint takes; gives the copy's path. */
export async function branch(origin: Origin, run: RunFolder): Promise<string | undefined> {
  for (const name of ['corpus', 'metrics.jsonl', 'samples.jsonl']) {
    await copy(path.join(origin.run, name), path.join(run.path, name));
  }
  const { checkpoint } = origin;
  if (checkpoint === undefined) return undefined;
  const target = path.join(run.checkpoints, checkpointName(origin.position.step));
  await atomicFolder(target, (temporary) => copy(checkpoint, temporary));
  return target;
}

async function copy(from: string, to: string): Promise<void> {
  try {
    await stat(from);
  } catch (thrown) {
    // Metrics and samples are for people: a run without them can still go on.
    if (systemCodeOf(thrown) === 'ENOENT') return;
    throw fileError(thrown, 'read', from);
  }
  try {
    // Where the file system can share the blocks of two files, a large corpus costs nothing.
    await cp(from, to, { recursive: true, force: true, mode: constants.COPYFILE_FICLONE });
  } catch (thrown) {
    throw fileError(thrown, 'copy', from);
  }
}
