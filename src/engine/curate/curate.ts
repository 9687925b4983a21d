/**
 * The curate room: web pages, and texts of other kinds, become a training corpus, and every decision on
 * the way can be looked at.
 *
 *   plan        which files, cut into segments                              segments.ts
 *   filter      each segment through the filters, by workers                filterSegment.ts, pipeline.ts
 *   bands       which documents have the same keys, section by section      duplicates.ts
 *   clusters    which of the kept are copies, over all segments             duplicates.ts
 *   write       shards of what is kept and of what is dropped, statistics   writeCorpus.ts
 *
 * The phases pass files on to each other (`folder.ts`), so each can be a command of its own, and the
 * first two can be shared out over machines (`steps.ts`, `manifests.ts`); the result is the same, byte
 * for byte. The room starts no threads: whoever calls `curate` says how a segment is filtered, and by
 * how many at once.
 */
import { readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { yieldReports } from '../../base/asyncQueue';
import { GlassboxError } from '../../base/errors';
import { atomicFile, fileError, makeFolder, systemCodeOf } from '../../base/files';
import { releaseLock, takeLock } from '../../base/lock';
import type { CorpusRecipe } from '../../recipe/corpus';
import { readCuratedCorpus } from '../data/data';
import { comparedSections } from './duplicates';
import { WorkFolder, type Plan } from './folder';
import { manifestsFor, type Cluster, type Manifest } from './manifests';
import { listSources } from './sources/sources';
import { takeSteps, type CurateEvent, type StepOptions } from './steps';

export { filterSegment } from './filterSegment';
export { segmentMoved } from './marks';
export { findOriginal } from './copies';
export { explainDocument, explainSource, type Explanation } from './explain';
export { unknownDocument } from './openCorpus';
export { readPageCuts } from './pageCuts';
export { findDocuments } from './findDocuments';
export { readUnfinished } from './unfinished';
export { openPipeline, type Pipeline } from './pipeline';
export { readStatistics } from './readStatistics';
export { sampleCorpus, type SampleEvent } from './sample';
export type { Cluster } from './manifests';
export type { CurateEvent } from './steps';
export { isReadable, listSources, readStretch } from './sources/sources';
export type { Statistics } from './statistics';

export interface CurateOptions extends StepOptions {
  /** With absolute paths. Undefined goes on with what was planned in the folder. */
  readonly recipe: CorpusRecipe | undefined;
}

/** The plan of a folder, new or the one that was begun there; throws if that is of something else. */
async function planFor(recipe: CorpusRecipe | undefined, out: string): Promise<Plan> {
  const plan: Plan | undefined = recipe && {
    format: 'glassbox-corpus-plan',
    version: 1,
    recipe,
    files: await listSources(recipe),
  };
  const work = new WorkFolder(out);
  if (await readCuratedCorpus(out))
    throw new GlassboxError('corpus-exists', `${out} holds a corpus already.`, {
      remedy: 'Choose another folder with --out, or delete this one.',
      details: { path: out },
    });
  const begun = await work.readPlanIfPresent();
  if (begun) {
    if (plan && JSON.stringify(begun) !== JSON.stringify(plan))
      throw new GlassboxError(
        'corpus-different',
        `${out} holds a corpus that was begun with another recipe or other sources.`,
        { remedy: 'Choose another folder with --out, or delete this one.', details: { path: out } },
      );
    return begun;
  }
  if (!plan)
    throw new GlassboxError('no-plan', `No corpus was begun in ${out}.`, {
      remedy: 'Give --recipe or --source, or plan it with `data plan`.',
      details: { path: out },
    });
  const there = await readdir(out).catch((thrown: unknown): string[] => {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw fileError(thrown, 'write', out);
  });
  if (there.some((name) => !name.startsWith('.')))
    throw new GlassboxError('not-a-corpus', `${out} holds something else than a corpus.`, {
      remedy: 'Choose another folder with --out, or empty this one.',
      details: { path: out },
    });
  await work.writePlan(plan);
  return plan;
}

/** One process at a time works on a corpus, or on a part of a step. */
async function locked<T>(out: string, name: string, job: () => Promise<T>): Promise<T> {
  const lock = path.join(out, name);
  let made: string | undefined;
  try {
    made = await makeFolder(out);
  } catch (thrown) {
    throw fileError(thrown, 'write', out);
  }
  await takeLock(lock);
  try {
    return await job();
  } finally {
    await releaseLock(lock);
    // A folder in which nothing was begun is left as it was found.
    if (made !== undefined) await rmdir(out).catch(() => undefined);
  }
}

/**
 * Makes the corpus of a recipe in a folder, or goes on with one that was begun there; or takes one step
 * of that alone.
 *
 * @throws GlassboxError `no-sources`, `source-format`, `corpus-exists`, `corpus-different`,
 *   `not-a-corpus`, `no-plan`, `step-missing`, `cancelled`, or the file system's reason. What is done
 *   stays, to be gone on with.
 */
export async function* curate(
  options: CurateOptions,
  signal: AbortSignal,
): AsyncGenerator<CurateEvent, void, void> {
  const { recipe, out, step, shard } = options;
  const part = shard ? `-${shard.index}-of-${shard.of}` : '';
  const lock = step === undefined ? '.lock' : `.lock-${step}${part}`;
  yield* yieldReports<CurateEvent, undefined>(signal, async (ends, report) => {
    await locked(out, lock, async () =>
      takeSteps(await planFor(recipe, out), options, ends, report),
    );
    return undefined;
  });
}

/**
 * Plans a corpus, and writes what has an existing engine make it, spread over machines.
 *
 * @returns the files that were written, in order
 * @throws GlassboxError as `curate`
 */
export async function planCorpus(
  recipe: CorpusRecipe,
  out: string,
  cluster: Cluster,
  folder: string,
): Promise<string[]> {
  const plan = await locked(out, '.lock', () => planFor(recipe, out));
  const manifests: Manifest[] = manifestsFor(cluster, out, comparedSections(plan).length);
  for (const { name, text } of manifests) await atomicFile(path.join(folder, name), text);
  return manifests.map(({ name }) => path.join(folder, name));
}
