/**
 * The protocol's requests about corpora in terms of the curate room. Curating is spread over workers of
 * its own, each of which is asked for one segment after the other.
 */
import path from 'node:path';
import type { ResourceLimits } from 'node:worker_threads';
import { GlassboxError, hasCode, messageOf } from '../base/errors';
import { keepOutOfGit } from '../base/gitIgnore';
import type { CorpusSummary } from '../protocol/corpusMessages';
import type { Handlers } from '../protocol/protocol';
import { corpusRecipe } from '../recipe/corpus';
import type { CorpusRecipe } from '../recipe/corpus';
import { resolveCorpusPaths } from '../recipe/paths';
import { CORPUS_NAME, readCuratedCorpus, traceToken } from './data/data';
import { threadsFor } from './devices';
import { discover } from './discover';
import { Hand, type HandOptions } from './hand';

type CorpusRequest =
  | 'curate'
  | 'planCorpus'
  | 'filterSegment'
  | 'corpora'
  | 'corpusDocuments'
  | 'corpusDocument'
  | 'corpusPage'
  | 'corpusCopy'
  | 'explainDocument'
  | 'traceToken'
  | 'sampleCorpus'
  | 'corpusStatistics';

/** Nothing that is read or judged takes longer, in milliseconds, unless it never ends. */
const LONGEST_DOCUMENT = 120_000;

/** Each place that ends workers costs three. */
const MOST_ATTEMPTS = 60;

/**
 * Of a worker's heap. Pages at the usual bounds took less than half of it; what it is there for is that
 * V8 collects by it: with the gigabytes that it would take itself it lets three times as much lie as is in
 * use. A segment that ends a worker gets one without, and so does a recipe with wider bounds: V8 may end
 * the whole process, not the worker alone, where a single call asks for more than is left.
 */
const FILTER_LIMITS = { maxOldGenerationSizeMb: 1024 };

function hasUsualBounds({ extraction }: CorpusRecipe): boolean {
  const usual = corpusRecipe.defaults().extraction;
  return extraction.maxBytes <= usual.maxBytes && extraction.maxNodes <= usual.maxNodes;
}

/** Workers that filter segments, started when there is something for them to do. */
class FilterPool {
  readonly #options: HandOptions;
  readonly #limits: ResourceLimits | undefined;
  readonly #idle: Hand[] = [];
  readonly #all = new Set<Hand>();

  constructor(options: HandOptions, limits: ResourceLimits | undefined) {
    this.#options = options;
    this.#limits = limits;
  }

  readonly filter = async (corpus: string, segment: number, signal: AbortSignal): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const isFirst = attempt === 1;
      const hand = isFirst ? (this.#idle.pop() ?? this.#start(this.#limits)) : this.#start();
      const watch = this.#watch(hand, corpus, segment);
      try {
        await hand.methods.filterSegment({ corpus, segment }, signal);
        if (isFirst) this.#idle.push(hand);
        else await this.#end(hand);
        return;
      } catch (thrown) {
        // Another worker goes on; what ends workers again and again is passed over (curate/marks.ts).
        if (!hasCode(thrown, 'worker-ended') || attempt === MOST_ATTEMPTS) throw thrown;
      } finally {
        clearInterval(watch);
      }
    }
  };

  /** Ends the worker if it doesn't come from one document to the next. */
  #watch(hand: Hand, corpus: string, segment: number): NodeJS.Timeout {
    const begun = Date.now();
    const look = async (): Promise<void> => {
      const { segmentMoved } = await import('./curate/curate');
      const moved = Math.max(begun, (await segmentMoved(corpus, segment)) ?? 0);
      if (Date.now() - moved > LONGEST_DOCUMENT) await hand.terminate();
    };
    return setInterval(() => void look(), LONGEST_DOCUMENT / 10);
  }

  #start(limits?: ResourceLimits): Hand {
    const hand: Hand = new Hand(this.#options, () => this.#all.delete(hand), limits);
    this.#all.add(hand);
    return hand;
  }

  async #end(hand: Hand): Promise<void> {
    this.#all.delete(hand);
    await hand.terminate();
  }

  /** Segments under way are given up: what is written of them is written anew. */
  async close(): Promise<void> {
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((hand) => this.#end(hand)));
  }
}

export function createCurateService(options: {
  readonly samplePath: string;
  readonly runsFolder: string;
  readonly workerPath?: string | undefined;
}): Handlers<CorpusRequest> {
  const { samplePath, runsFolder, workerPath } = options;
  // A DOM and parsers: nothing that a worker with a model should have to load.
  const room = () => import('./curate/curate');
  return {
    async *curate(request, signal) {
      const { folder = '', step, shard } = request;
      const recipe = request.recipe && resolveCorpusPaths(request.recipe, folder);
      if (shard && step !== 'filter' && step !== 'bands')
        throw new GlassboxError(
          'not-shared',
          'Only the steps filter and bands can be shared out.',
          {
            remedy: 'Leave out --shard, or choose one of these with --step.',
          },
        );
      if (workerPath === undefined)
        throw new GlassboxError('no-workers', 'This engine has no workers to curate with.');
      const limits = recipe && hasUsualBounds(recipe) ? FILTER_LIMITS : undefined;
      const pool = new FilterPool({ samplePath, runsFolder, workerPath }, limits);
      const { curate } = await room();
      const workers = threadsFor(request.workers);
      const out = path.resolve(folder, request.out);
      const options = { recipe, out, workers, filter: pool.filter, step, shard };
      try {
        for await (const event of curate(options, signal)) {
          // A corpus in the usual folder is nothing to commit.
          const storage = path.dirname(path.dirname(out));
          if (event.kind === 'start' && path.basename(storage) === path.dirname(runsFolder))
            await keepOutOfGit(storage).catch(() => undefined);
          // Whatever comes after filtering needs no workers, and not the memory that they hold.
          if (event.kind === 'progress' && event.phase !== 'filter') await pool.close();
          yield event;
        }
      } finally {
        await pool.close();
      }
    },

    planCorpus: async ({ folder = '', out, manifests, recipe, ...cluster }) => {
      const { planCorpus } = await room();
      const resolved = resolveCorpusPaths(recipe, folder);
      const target = path.resolve(folder, manifests);
      return { files: await planCorpus(resolved, path.resolve(folder, out), cluster, target) };
    },

    filterSegment: async ({ corpus, segment }, signal) => {
      const { filterSegment } = await room();
      await filterSegment(corpus, segment, signal);
      return null;
    },

    corpora: async ({ folders }, signal) => {
      const found: CorpusSummary[] = [];
      for await (const { folder, files, begun } of discover(folders, signal)) {
        const summary = files.includes(CORPUS_NAME)
          ? await summarize(folder)
          : begun
            ? await summarizeBegun(folder)
            : undefined;
        if (summary) found.push(summary);
      }
      return found;
    },

    corpusDocuments: async ({ corpus, query, limit }, signal) => {
      const { findDocuments } = await room();
      return findDocuments(path.resolve(corpus), { query, limit }, signal);
    },

    corpusDocument: async ({ corpus, shard, line }, signal) => {
      const { explainSource, unknownDocument } = await room();
      const folder = path.resolve(corpus);
      const explanation = await explainSource(`${path.join(folder, shard)}:${line}`, signal);
      if (explanation) return explanation;
      throw unknownDocument(folder, shard, line);
    },

    corpusPage: async ({ corpus, shard, line }, signal) => {
      const { readPageCuts } = await room();
      return { lines: await readPageCuts(path.resolve(corpus), { shard, line }, signal) };
    },

    corpusCopy: async ({ corpus, shard, line }, signal) => {
      const { findOriginal } = await room();
      return findOriginal(path.resolve(corpus), { shard, line }, signal);
    },

    explainDocument: async ({ corpus, document }, signal) => {
      const { explainDocument } = await room();
      return explainDocument(path.resolve(corpus), document, signal);
    },

    traceToken: async ({ run, split, token }, signal) => {
      const { explainSource } = await room();
      const origin = await traceToken(path.resolve(run, 'corpus'), split, token);
      return { ...origin, explanation: await explainSource(origin.source, signal) };
    },

    async *sampleCorpus({ corpus, ...options }, signal) {
      const { sampleCorpus } = await room();
      yield* sampleCorpus(path.resolve(corpus), options, signal);
    },

    corpusStatistics: async ({ corpus }) => {
      const { readStatistics } = await room();
      return readStatistics(path.resolve(corpus));
    },
  };
}

async function summarize(folder: string): Promise<CorpusSummary | undefined> {
  const known = { folder, name: path.basename(folder) };
  try {
    const corpus = await readCuratedCorpus(folder);
    if (!corpus) return undefined;
    const { documentsIn, documentsKept, tokens } = corpus;
    return { ...known, documentsIn, documentsKept, tokens };
  } catch (thrown) {
    return { ...known, documentsIn: 0, documentsKept: 0, tokens: 0, problem: messageOf(thrown) };
  }
}

/** A folder with a corpus that is being made, or whose making was cut off. */
async function summarizeBegun(folder: string): Promise<CorpusSummary | undefined> {
  const none = { documentsIn: 0, documentsKept: 0, tokens: 0 };
  const known = { folder, name: path.basename(folder), ...none };
  try {
    const { readUnfinished } = await import('./curate/curate');
    const unfinished = await readUnfinished(folder);
    return unfinished && { ...known, unfinished };
  } catch (thrown) {
    return { ...known, problem: messageOf(thrown) };
  }
}
