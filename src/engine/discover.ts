/**
 * Looks through folders for what may lie in them, within bounds: some levels deep, some thousands of
 * folders, nothing in hidden folders but `.glassbox`, nothing in folders of packages or in runs' shards. Links to
 * folders are not followed. What can't be read is passed over.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../base/errors';

export interface FoundFolder {
  readonly folder: string;
  /** What lies in it, folders not counted. */
  readonly files: readonly string[];
  /** Whether a corpus was begun in it (`curate/folder.ts`). */
  readonly begun: boolean;
}

/** Enough for `.glassbox/runs/NAME/checkpoints/STEP` in a folder of the workspace. */
const DEPTH = 7;
const MOST_FOLDERS = 20_000;
/** Read at the same time. */
const WIDTH = 32;
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '__pycache__', 'venv']);

/** The folders in and below `roots`, those nearer first. Throws `cancelled`. */
export async function* discover(
  roots: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<FoundFolder, void, void> {
  let level = [...new Set(roots.map((root) => path.resolve(root)))];
  const seen = new Set(level);
  for (let depth = 0; depth <= DEPTH && level.length > 0; depth++) {
    const below: string[] = [];
    for (let at = 0; at < level.length; at += WIDTH) {
      throwIfAborted(signal);
      for (const { folder, files, begun, folders } of await Promise.all(
        level.slice(at, at + WIDTH).map(read),
      )) {
        yield { folder, files, begun };
        for (const child of folders.map((name) => path.join(folder, name))) {
          if (seen.has(child) || seen.size >= MOST_FOLDERS) continue;
          seen.add(child);
          below.push(child);
        }
      }
    }
    level = below;
  }
}

async function read(folder: string): Promise<FoundFolder & { folders: readonly string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((each) => each.isDirectory()).map(({ name }) => name);
  const files = entries.filter((each) => !each.isDirectory()).map(({ name }) => name);
  const isRun = files.includes('recipe.json');
  return {
    folder,
    files,
    begun: folders.includes('.work'),
    folders: folders.filter(
      (name) =>
        !SKIPPED.has(name) &&
        (!name.startsWith('.') || name === '.glassbox') &&
        !(isRun && name === 'corpus'),
    ),
  };
}
