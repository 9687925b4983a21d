/**
 * A run's folder: the recipe, the tokens, the metrics and samples as JSON Lines, the checkpoints. One
 * process at a time owns it, by a lock file that names the owner.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { GlassboxError } from '../../base/errors';
import { atomicFile, fileError, systemCodeOf } from '../../base/files';
import { parseRecipe } from '../../recipe/run';
import type { Recipe } from '../../recipe/run';
import type { RunEvent } from './events';

export class RunFolder {
  readonly path: string;
  #files: Record<'metrics' | 'samples', number> | undefined;

  private constructor(folder: string) {
    this.path = folder;
  }

  get checkpoints(): string {
    return path.join(this.path, 'checkpoints');
  }

  get corpus(): string {
    return path.join(this.path, 'corpus');
  }

  /** Takes the folder, making it if need be. Throws `run-busy` where a live process has it. */
  static async take(folder: string): Promise<RunFolder> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (thrown) {
      throw fileError(thrown, 'create', folder);
    }
    await takeLock(path.join(folder, LOCK));
    return new RunFolder(folder);
  }

  async release(): Promise<void> {
    if (this.#files) for (const file of Object.values(this.#files)) closeSync(file);
    this.#files = undefined;
    await rm(path.join(this.path, LOCK), { force: true });
  }

  async writeRecipe(recipe: Recipe): Promise<void> {
    await atomicFile(path.join(this.path, 'recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
  }

  /** Opens the metrics and samples for more lines, without those of steps after `step`. */
  async openRecords(step: number): Promise<void> {
    const metrics = await this.#reopen('metrics.jsonl', step);
    const samples = await this.#reopen('samples.jsonl', step);
    this.#files = { metrics, samples };
  }

  /** Appends one line. Throws the file system's reason. */
  record(file: 'metrics' | 'samples', event: RunEvent): void {
    const target = this.#files?.[file];
    if (target === undefined) throw new Error('The records of the run are not open');
    try {
      writeSync(target, `${JSON.stringify(event)}\n`);
    } catch (thrown) {
      throw fileError(thrown, 'write', path.join(this.path, `${file}.jsonl`));
    }
  }

  async #reopen(name: string, step: number): Promise<number> {
    const file = path.join(this.path, name);
    try {
      const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
        if (systemCodeOf(thrown) === 'ENOENT') return '';
        throw thrown;
      });
      const kept = recordsUntil(text, step);
      if (kept !== text) await atomicFile(file, kept);
      return openSync(file, 'a');
    } catch (thrown) {
      throw fileError(thrown, 'write', file);
    }
  }
}

const LOCK = 'run.lock';
const lockSchema = z.object({ pid: z.int().positive() });
const lineSchema = z.object({ step: z.number() });

/** The lines that are whole and of steps up to `step`. */
export function recordsUntil(text: string, step: number): string {
  const kept = text.split('\n').filter((line) => {
    try {
      return lineSchema.parse(JSON.parse(line)).step <= step;
    } catch {
      // A killed writer's half line, or the end of the text.
      return false;
    }
  });
  return kept.map((line) => `${line}\n`).join('');
}

/** The recipe that a run was started with. Throws `not-a-run` where there is none. */
export async function readRunRecipe(folder: string): Promise<Recipe> {
  const file = path.join(folder, 'recipe.json');
  try {
    return parseRecipe(await readFile(file, 'utf8'), file);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT') throw fileError(thrown, 'read', file);
    throw new GlassboxError('not-a-run', `${folder} is not a run: it has no recipe.json.`, {
      remedy: 'Choose the folder of a run, or one of those in its checkpoints folder.',
      cause: thrown,
    });
  }
}

async function takeLock(file: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(file, 'wx');
      await writeFile(handle, `${JSON.stringify({ pid: process.pid })}\n`);
      await handle.close();
      return;
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'EEXIST') throw fileError(thrown, 'write', file);
      const owner = await lockOwner(file);
      if (owner !== undefined && isAlive(owner)) {
        throw new GlassboxError(
          'run-busy',
          `${path.dirname(file)} is in use: another run (process ${owner}) writes there.`,
          { remedy: 'Wait for it, stop it, or choose another folder with --out.' },
        );
      }
      // Its owner was killed: the lock is nobody's.
      await rm(file, { force: true });
    }
  }
  throw new GlassboxError('run-busy', `${path.dirname(file)} was taken by another run just now.`, {
    remedy: 'Choose another folder with --out.',
  });
}

async function lockOwner(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return lockSchema.parse(JSON.parse(text)).pid;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemCodeOf(thrown) === 'EPERM';
  }
}
