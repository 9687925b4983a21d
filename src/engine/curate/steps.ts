/**
 * The steps of a curation, taken all by one process, or one at a time by many: each reads what the one
 * before it has left in the folder. `filter` is shared out by segments and `bands` by sections; `clusters`
 * and `write` read lists and texts once, in order, and are one process's work.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { sweepTemporary } from '../../base/files';
import { compareSection, comparedSections, listDuplicates } from './duplicates';
import { readSummary } from './filterSegment';
import { segmentsOf, WorkFolder, type Plan } from './folder';
import { segmentBytes, type Segment } from './segments';
import { writeCorpus } from './writeCorpus';

export type Step = 'filter' | 'bands' | 'clusters' | 'write';

/** The work whose number leaves this remainder. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface StepOptions {
  /** The corpus's folder. */
  readonly out: string;
  /** How many segments are worked on at once. */
  readonly workers: number;
  /** Filters a segment of the corpus that is being made in this folder: `filterSegment`, in some thread. */
  readonly filter: (corpus: string, segment: number, signal: AbortSignal) => Promise<void>;
  /** One step alone; all that are missing if undefined. */
  readonly step?: Step | undefined;
  /** A part of a step that can be shared out. */
  readonly shard?: Shard | undefined;
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
    }
  /** One step alone has come to its end, or a part of it. */
  | { readonly kind: 'stepDone'; readonly step: Step; readonly out: string };

type Phase = 'filter' | 'duplicates' | 'write';

const own = <T>(work: readonly T[], shard: Shard | undefined): T[] =>
  work.filter((_, number) => !shard || number % shard.of === shard.index);

const bytesOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, segment) => sum + segmentBytes(segment), 0);

function missing(step: Step, what: string, out: string): GlassboxError {
  return new GlassboxError('step-missing', `${what} in ${out}.`, {
    remedy: `Take the step "${step}" first, all of its shards, or all steps with no --step.`,
    details: { path: out, step },
  });
}

/** The steps of a planned corpus; it says what is done. */
export async function takeSteps(
  plan: Plan,
  options: StepOptions,
  signal: AbortSignal,
  report: (event: CurateEvent) => void,
): Promise<void> {
  const { out, filter, step, shard } = options;
  const work = new WorkFolder(out);
  const all = segmentsOf(plan);
  // Others may be at work, on other machines too: what is temporary may be theirs.
  if (step === undefined) await sweepTemporary(path.dirname(work.segment(0)));
  const segments = step === 'filter' ? own(all, shard) : all;
  const total = bytesOf(segments);
  let done = 0;
  let documents = 0;
  let kept = 0;
  const count = async (segment: Segment): Promise<number | undefined> => {
    const summary = await readSummary(work, segment.number);
    if (!summary) return undefined;
    done += segmentBytes(segment);
    documents += summary.documents;
    kept += summary.kept.length;
    return summary.documents;
  };
  const left: Segment[] = [];
  for (const segment of segments) if ((await count(segment)) === undefined) left.push(segment);
  const resumed = segments.length - left.length;
  const files = plan.files.length;
  report({ kind: 'start', out, files, bytes: total, segments: segments.length, resumed });

  const started = performance.now();
  const doneBefore = done;
  let documentsNow = 0;
  const tell = (phase: Phase, ofPhase: number): void => {
    const seconds = (performance.now() - started) / 1000;
    const speed = (done - doneBefore) / seconds;
    const secondsLeft = phase === 'filter' && speed > 0 ? (total - done) / speed : null;
    const documentsPerSecond = seconds > 0 ? documentsNow / seconds : 0;
    const speeds = { documentsPerSecond, secondsLeft };
    report({ kind: 'progress', phase, done: ofPhase, total, documents, kept, ...speeds });
  };

  async function filterSegments(): Promise<void> {
    const stop = new AbortController();
    const ends = AbortSignal.any([signal, stop.signal]);
    const worker = async (): Promise<void> => {
      for (let segment = left.shift(); segment; segment = left.shift()) {
        throwIfAborted(ends);
        await filter(out, segment.number, ends);
        documentsNow += (await count(segment)) ?? 0;
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
  }

  async function compareBands(): Promise<void> {
    if (left.length > 0)
      throw missing('filter', `${left.length} of ${all.length} segments are not filtered yet`, out);
    const sections = own(comparedSections(plan), shard);
    for (const [i, section] of sections.entries()) {
      tell('duplicates', Math.floor((total * i) / sections.length));
      if (!existsSync(work.pairs(section))) await compareSection(plan, work, section, signal);
    }
  }

  async function joinClusters(): Promise<void> {
    for (const section of comparedSections(plan))
      if (!existsSync(work.pairs(section)))
        throw missing('bands', `Section ${section} is not compared yet`, out);
    await listDuplicates(plan, work, signal);
  }

  async function write(): Promise<void> {
    if (!existsSync(work.duplicates)) throw missing('clusters', 'No list of copies is', out);
    let written = 0;
    const onSegment = (number: number): void => {
      written += segmentBytes(all[number]!);
      tell('write', written);
    };
    const statistics = await writeCorpus(out, plan, work, { signal, onSegment });
    const { documentsIn, documentsKept, tokens, dropped } = statistics;
    report({ kind: 'done', documentsIn, documentsKept, tokens, dropped, out });
  }

  const steps = {
    filter: filterSegments,
    bands: compareBands,
    clusters: joinClusters,
    write,
  } satisfies Record<Step, () => Promise<void>>;
  if (step === undefined) {
    for (const take of Object.values(steps)) await take();
  } else {
    await steps[step]();
    // With the last one the corpus is done, and that was said.
    if (step !== 'write') report({ kind: 'stepDone', step, out });
  }
}
