/**
 * A run's folder: the recipe, the tokenizer, the tokens, the records (runRecords.ts), the
 * checkpoints. One process at a time owns it. What was begun here and never became a run leaves
 * nothing behind.
 */
import { mkdir, readFile, readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, hasCode, messageOf } from '../../base/errors';
import {
  atomicFile,
  fileError,
  makeFolder,
  readTextIfPresent,
  sweepTemporary,
  systemCodeOf,
} from '../../base/files';
import { parseRecipe } from '../../recipe/run';
import type { Recipe } from '../../recipe/run';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { lockOwner, releaseLock, takeLock } from '../../base/lock';
import { METRICS, RunRecords, SAMPLES } from './runRecords';
import type { RecordLine } from './runRecords';

export const RECIPE = 'recipe.json';
export const LOCK = 'run.lock';
/** Why the run ended by an error; gone once it goes on. */
const FAILURE = 'failure.json';
/** How a run on conversations writes them. */
const TEMPLATE = 'chat_template.jinja';
/** What a run puts into its folder. */
const PARTS = [
  RECIPE,
  'tokenizer.json',
  'tokenizer_config.json',
  TEMPLATE,
  'corpus',
  'checkpoints',
  METRICS,
  SAMPLES,
  FAILURE,
];

export class RunFolder {
  readonly path: string;
  /** The first folder on the path that we made, if we made one. */
  readonly #made: string | undefined;
  /** What the folder held before us. */
  readonly #before: ReadonlySet<string>;
  #committed: boolean;
  #records: RunRecords | undefined;

  private constructor(folder: string, made: string | undefined, before: readonly string[]) {
    this.path = folder;
    this.#made = made;
    this.#before = new Set(before);
    this.#committed = this.#before.has(RECIPE);
  }

  get checkpoints(): string {
    return path.join(this.path, 'checkpoints');
  }

  get corpus(): string {
    return path.join(this.path, 'corpus');
  }

  /** Takes a folder, making it if need be. Throws `run-busy` where a live process has it. */
  static async take(folder: string): Promise<RunFolder> {
    let made: string | undefined;
    try {
      made = await makeFolder(folder);
    } catch (thrown) {
      throw fileError(thrown, 'create', folder);
    }
    return RunFolder.#own(folder, made);
  }

  /** Makes and takes `<runs>/<name>`, or the first of `<name>-2`, `<name>-3`, ... that is free. */
  static async takeFree(runs: string, name: string): Promise<RunFolder> {
    const made = await makeFolder(runs).catch((thrown: unknown) => {
      throw fileError(thrown, 'create', runs);
    });
    for (let number = 1; ; number++) {
      const folder = path.join(runs, number === 1 ? name : `${name}-${number}`);
      try {
        await mkdir(folder);
        return await RunFolder.#own(folder, made ?? folder);
      } catch (thrown) {
        if (systemCodeOf(thrown) !== 'EEXIST') throw fileError(thrown, 'create', folder);
      }
    }
  }

  static async #own(folder: string, made: string | undefined): Promise<RunFolder> {
    try {
      await takeLock(path.join(folder, LOCK));
    } catch (thrown) {
      await removeEmpty(folder, made);
      throw thrown;
    }
    await sweepTemporary(folder);
    await sweepTemporary(path.join(folder, 'checkpoints'));
    return new RunFolder(folder, made, await readdir(folder));
  }

  /** Throws `run-exists` where the folder held a run already. */
  refuseExisting(): void {
    if (this.#before.has(RECIPE)) {
      throw new GlassboxError('run-exists', `${this.path} holds a run already.`, {
        remedy: `Go on with it by --resume ${this.path}, or choose another folder with --out.`,
      });
    }
    // A corpus is what a run leaves that was killed before it had a recipe: the rest is its, too.
    const others = PARTS.filter((part) => this.#before.has(part));
    if (others.length === 0 || this.#before.has('corpus')) return;
    throw new GlassboxError(
      'folder-not-empty',
      `${this.path} holds what a run would write over: ${others.join(', ')}.`,
      { remedy: 'Choose an empty folder, or one that is not there yet, with --out.' },
    );
  }

  /**
   * Writes down why the run ended, unless it had not begun or was told to stop. What keeps even this
   * from being written (a full disk) is most often the error itself, which its caller throws.
   */
  async fail(thrown: unknown): Promise<void> {
    if (!this.#records || hasCode(thrown, 'cancelled')) return;
    await writeFailure(this.path, thrown).catch(() => undefined);
  }

  /** From here on the folder is a run, which can be resumed whatever happens. */
  async commit(recipe: Recipe, tokenizer: Tokenizer, template?: string): Promise<void> {
    if (template !== undefined) await atomicFile(path.join(this.path, TEMPLATE), template);
    await atomicFile(path.join(this.path, 'tokenizer.json'), tokenizer.toJson());
    await atomicFile(path.join(this.path, 'tokenizer_config.json'), tokenizer.toConfigJson());
    await atomicFile(path.join(this.path, RECIPE), `${JSON.stringify(recipe, null, 2)}\n`);
    await rm(path.join(this.path, FAILURE), { force: true });
    this.#committed = true;
  }

  /** Gives the folder back; one that never became a run is left as it was found. */
  async release(): Promise<void> {
    this.#records?.close();
    this.#records = undefined;
    if (!this.#committed) {
      for (const part of PARTS) {
        if (!this.#before.has(part))
          await rm(path.join(this.path, part), { recursive: true, force: true });
      }
    }
    await releaseLock(path.join(this.path, LOCK));
    if (!this.#committed) await removeEmpty(this.path, this.#made);
  }

  /** Opens the metrics and samples for more lines; `release` closes them. As `RunRecords.open`. */
  async openRecords(keep: (line: RecordLine) => boolean, last: number): Promise<RunRecords> {
    this.#records = await RunRecords.open(this.path, keep, last);
    return this.#records;
  }
}

/** Removes `folder` and those above it up to `made`, as far as they are empty. */
async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  const top = path.resolve(made);
  for (let at = path.resolve(folder); at.startsWith(top); at = path.dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
});

/** Why a run ended by an error. */
export type Failure = z.infer<typeof failureSchema>;

async function writeFailure(folder: string, thrown: unknown): Promise<void> {
  const code = thrown instanceof GlassboxError ? thrown.code : 'internal';
  const remedy = thrown instanceof GlassboxError ? thrown.remedy : undefined;
  const failure: Failure = { code, message: messageOf(thrown), remedy };
  await atomicFile(path.join(folder, FAILURE), `${JSON.stringify(failure)}\n`);
}

/**
 * For the thread that outlives the one that ran the run: writes down why that died, if there was a run
 * already, and gives the folder back, which by its lock still belongs to this process.
 */
export async function abandonRun(folder: string, thrown: unknown): Promise<void> {
  const lock = path.join(folder, LOCK);
  if ((await lockOwner(lock)) !== process.pid) return;
  if (await isRun(folder)) await writeFailure(folder, thrown).catch(() => undefined);
  await releaseLock(lock);
}

/** Undefined for a run that did not fail, or whose note of it cannot be read. */
export async function readFailure(folder: string): Promise<Failure | undefined> {
  const text = await readTextIfPresent(path.join(folder, FAILURE));
  if (text === undefined) return undefined;
  try {
    return failureSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** How a run on conversations writes them; undefined for any other. */
export function readRunTemplate(folder: string): Promise<string | undefined> {
  return readTextIfPresent(path.join(folder, TEMPLATE));
}

/** Whether a folder holds a run. */
export async function isRun(folder: string): Promise<boolean> {
  return stat(path.join(folder, RECIPE)).then(
    () => true,
    () => false,
  );
}

/** The recipe that a run was started with. Throws `not-a-run` where there is none. */
export async function readRunRecipe(folder: string): Promise<Recipe> {
  const file = path.join(folder, RECIPE);
  try {
    return parseRecipe(await readFile(file, 'utf8'), file);
  } catch (thrown) {
    const code = systemCodeOf(thrown);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw fileError(thrown, 'read', file);
    throw new GlassboxError('not-a-run', `${folder} is not a run: it has no recipe.json.`, {
      remedy: 'Choose the folder of a run, or one of those in its checkpoints folder.',
      cause: thrown,
    });
  }
}
