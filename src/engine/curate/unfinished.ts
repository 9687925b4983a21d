/** How far a corpus has come that is not finished: cut off, or being made by some process now. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { lockOwner } from '../../base/lock';
import { segmentsOf, WorkFolder } from './folder';

export interface Unfinished {
  readonly segments: number;
  /** Those that are filtered. */
  readonly segmentsDone: number;
  /** Whether some process is at work on it. */
  readonly busy: boolean;
}

/**
 * Undefined where none was begun.
 *
 * @throws GlassboxError `corpus-damaged`
 */
export async function readUnfinished(corpus: string): Promise<Unfinished | undefined> {
  const work = new WorkFolder(corpus);
  const plan = await work.readPlanIfPresent();
  if (!plan) return undefined;
  const done = await readdir(path.dirname(work.segment(0))).catch((): string[] => []);
  // Locks of single steps have longer names: theirs are other machines' processes, which nobody can see.
  const owner = await lockOwner(path.join(corpus, '.lock'));
  return {
    segments: segmentsOf(plan).length,
    segmentsDone: done.filter((name) => /^\d+$/.test(name)).length,
    busy: typeof owner === 'number',
  };
}
