/**
 * The curate room: web pages, and texts of other kinds, become a training corpus, and every decision on
 * the way can be looked at.
 *
 *   plan        which files, cut into segments                              segments.ts
 *   filter      each segment through the filters, by workers                filterSegment.ts, pipeline.ts
 *   duplicates  which of the kept are copies, over all segments             duplicates.ts
 *   write       shards of what is kept and of what is dropped, statistics   writeCorpus.ts
 *
 * The phases pass files on to each other (`folder.ts`). The room starts no threads: whoever calls
 * `curate` says how a segment is filtered, and by how many at once.
 */
import { readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { yieldReports } from '../../base/asyncQueue';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { fileError, makeFolder, sweepTemporary, systemCodeOf } from '../../base/files';
import { releaseLock, takeLock } from '../../base/lock';
import type { CorpusRecipe } from '../../recipe/corpus';
import { readCuratedCorpus } from '../data/data';
import { compareSection, comparedSections, listDuplicates } from './duplicates';
import { readSummary } from './filterSegment';
import { segmentsOf, WorkFolder, type Plan } from './folder';
import { segmentBytes } from './segments';
import { listSources } from './sources/sources';
import { writeCorpus } from './writeCorpus';

export { filterSegment } from './filterSegment';
export { segmentMoved } from './marks';
export { explainDocument, explainSource, type Explanation } from './explain';
export { openPipeline, type Pipeline } from './pipeline';
export { readStatistics } from './readStatistics';
export { listSources, readStretch } from './sources/sources';
export type { Statistics } from './statistics';

export interface CurateOptions {
  /** With absolute paths. */
  readonly recipe: CorpusRecipe;
  /** The corpus's folder. */
  readonly out: string;
  /** How many segments are worked on at once. */
  readonly workers: number;
  /** Filters a segment of the corpus that is being made in this folder: `filterSegment`, in some thread. */
  readonly filter: (corpus: string, segment: number, signal: AbortSignal) => Promise<void>;
}

export type CurateEvent =
  | {
      readonly kind: 'start';
      readonly out: string;
      readonly files: number;
      readonly bytes: number;
      readonly segments: number;
      /** Segments that an earlier call has left. */
      readonly resumed: number;
    }
  | {
      readonly kind: 'progress';
      readonly phase: 'filter' | 'duplicates' | 'write';
      /** Bytes of the sources that are done with, in this phase. */
      readonly done: number;
      readonly total: number;
      readonly documents: number;
      readonly kept: number;
      /** By this call. */
      readonly documentsPerSecond: number;
      readonly secondsLeft: number | null;
    }
  | {
      readonly kind: 'done';
      readonly documentsIn: number;
      readonly documentsKept: number;
      readonly tokens: number;
      readonly dropped: Readonly<Record<string, number>>;
      readonly out: string;
    };

type Report = (event: CurateEvent) => void;

/** The plan of a folder, new or the one that was begun there; throws if that is of something else. */
async function planFor({ recipe, out }: CurateOptions): Promise<Plan> {
  const files = await listSources(recipe);
  const plan: Plan = { format: 'glassbox-corpus-plan', version: 1, recipe, files };
  const work = new WorkFolder(out);
  if (await readCuratedCorpus(out))
    throw new GlassboxError('corpus-exists', `${out} holds a corpus already.`, {
      remedy: 'Choose another folder with --out, or delete this one.',
      details: { path: out },
    });
  const begun = await work.readPlanIfPresent();
  if (begun) {
    if (JSON.stringify(begun) !== JSON.stringify(plan))
      throw new GlassboxError(
        'corpus-different',
        `${out} holds a corpus that was begun with another recipe or other sources.`,
        { remedy: 'Choose another folder with --out, or delete this one.', details: { path: out } },
      );
    return begun;
  }
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

/** One process at a time writes to a corpus's folder. */
async function locked(out: string, job: () => Promise<void>): Promise<void> {
  const lock = path.join(out, '.lock');
  let made: string | undefined;
  try {
    made = await makeFolder(out);
  } catch (thrown) {
    throw fileError(thrown, 'write', out);
  }
  await takeLock(lock);
  try {
    await job();
  } finally {
    await releaseLock(lock);
    // A folder in which nothing was begun is left as it was found.
    if (made !== undefined) await rmdir(out).catch(() => undefined);
  }
}

async function work(options: CurateOptions, signal: AbortSignal, report: Report): Promise<void> {
  const { out, filter } = options;
  const plan = await planFor(options);
  const folder = new WorkFolder(out);
  const segments = segmentsOf(plan);
  await sweepTemporary(path.dirname(folder.segment(0)));

  const total = segments.reduce((sum, segment) => sum + segmentBytes(segment), 0);
  let done = 0;
  let documents = 0;
  let kept = 0;
  const count = async (number: number): Promise<number | undefined> => {
    const summary = await readSummary(folder, number);
    if (!summary) return undefined;
    done += segmentBytes(segments[number]!);
    documents += summary.documents;
    kept += summary.kept.length;
    return summary.documents;
  };
  const missing: number[] = [];
  for (const { number } of segments) if ((await count(number)) === undefined) missing.push(number);
  const resumed = segments.length - missing.length;
  report({
    kind: 'start',
    out,
    files: plan.files.length,
    bytes: total,
    segments: segments.length,
    resumed,
  });

  const started = performance.now();
  const doneBefore = done;
  let documentsNow = 0;
  const tell = (phase: 'filter' | 'duplicates' | 'write', ofPhase: number): void => {
    const seconds = (performance.now() - started) / 1000;
    const speed = (done - doneBefore) / seconds;
    const secondsLeft = phase === 'filter' && speed > 0 ? (total - done) / speed : null;
    const documentsPerSecond = seconds > 0 ? documentsNow / seconds : 0;
    report({
      kind: 'progress',
      phase,
      done: ofPhase,
      total,
      documents,
      kept,
      documentsPerSecond,
      secondsLeft,
    });
  };

  const stop = new AbortController();
  const ends = AbortSignal.any([signal, stop.signal]);
  const worker = async (): Promise<void> => {
    for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
      throwIfAborted(ends);
      await filter(out, number, ends);
      documentsNow += (await count(number)) ?? 0;
      tell('filter', done);
    }
  };
  const workers = Array.from({ length: Math.max(1, options.workers) }, worker);
  try {
    await Promise.all(workers);
  } catch (thrown) {
    stop.abort();
    await Promise.allSettled(workers);
    throw thrown;
  }

  const sections = comparedSections(plan);
  for (const [i, section] of sections.entries()) {
    tell('duplicates', Math.floor((total * i) / sections.length));
    await compareSection(plan, folder, section, signal);
  }
  await listDuplicates(plan, folder, signal);
  let written = 0;
  const onSegment = (number: number): void => {
    written += segmentBytes(segments[number]!);
    tell('write', written);
  };
  const statistics = await writeCorpus(out, plan, folder, { signal, onSegment });
  const { documentsIn, documentsKept, tokens, dropped } = statistics;
  report({ kind: 'done', documentsIn, documentsKept, tokens, dropped, out });
}

/**
 * Makes the corpus of a recipe in a folder, or goes on with one that was begun there.
 *
 * @throws GlassboxError `no-sources`, `source-format`, `corpus-exists`, `corpus-different`,
 *   `not-a-corpus`, `cancelled`, or the file system's reason. What is done stays, to be gone on with.
 */
export async function* curate(
  options: CurateOptions,
  signal: AbortSignal,
): AsyncGenerator<CurateEvent, void, void> {
  yield* yieldReports<CurateEvent, undefined>(signal, async (ends, report) => {
    await locked(options.out, () => work(options, ends, report));
    return undefined;
  });
}
