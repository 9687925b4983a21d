/**
 * The engine's main thread: answers at once what is quick, and gives every run and every loaded model
 * a worker of its own, because native code freezes the thread that calls it. A worker that dies fails
 * its requests and nothing else.
 */
import path from 'node:path';
import { GlassboxError, messageOf, throwIfAborted } from '../base/errors';
import { withoutTelemetry } from '../base/withoutTelemetry';
import type { CurateEvent, CurateRequest } from '../protocol/corpusMessages';
import type { LogitsRequest, TrainEvent, TrainRequest } from '../protocol/messages';
import type { Log } from '../protocol/logLine';
import type { Engine, Handlers } from '../protocol/protocol';
import { createService } from './service';
import { Hand } from './hand';
import type { HandOptions } from './hand';
import { patternNamed } from './tokenizer/tokenizer';
import { abandonRun } from './train/train';

export type EngineOptions = HandOptions;

/** Models that stay loaded while nobody asks them. */
const MODELS_KEPT = 2;

/** How long a regular expression of one's own may take, in milliseconds; a good one takes a moment. */
const LONGEST_ANSWER = 10_000;

/** What decides which thread's model answers. */
type Asked = Pick<LogitsRequest, 'model' | 'backend' | 'precision'>;

/** The worker that holds a model. */
interface Holder {
  readonly key: string;
  readonly hand: Hand;
  /** Requests under way. */
  busy: number;
}

/**
 * The engine in this process, on this thread; work goes to workers that it starts.
 *
 * @param log told of workers that died; what they had to do fails for whoever asked in any case
 */
export function startEngine(options: EngineOptions, log: Log = () => undefined): Engine {
  withoutTelemetry();
  const here = createService(options);
  /** By model, the one asked longest ago first. */
  const holders = new Map<string, Holder>();
  /** The workers of runs that have begun, by the runs' folders. */
  const runs = new Map<string, Hand>();
  /** The ends of workers that made corpora, by the corpora's folders. */
  const leaving = new Map<string, Promise<void>>();
  const hands = new Set<Hand>();
  const closing = new Set<Promise<void>>();
  let disposed: Promise<void> | undefined;

  function start(): Hand {
    if (disposed) throw new GlassboxError('engine-ended', 'The engine is ending.');
    const hand = new Hand(options, (reason) => log('error', `A worker died: ${shown(reason)}`));
    hands.add(hand);
    return hand;
  }

  /** A worker that is started when it is first asked, and stays. */
  function lasting(): () => Handlers {
    let hand: Hand | undefined;
    return () => {
      if (hand?.alive) return hand.methods;
      if (hand) void close(hand);
      hand = start();
      return hand.methods;
    };
  }
  /** Follows texts that are being edited: a long one must not hold up anything else. */
  const editor = lasting();
  /** Looks through the disk and vocabularies and measures the machine, which may take a while. */
  const clerk = lasting();

  function close(hand: Hand): Promise<void> {
    return ended(hand, hand.close());
  }

  function ended(hand: Hand, end: Promise<void>): Promise<void> {
    hands.delete(hand);
    const closed = end.finally(() => closing.delete(closed));
    closing.add(closed);
    return closed;
  }

  function holderOf({ model, backend, precision = 'auto' }: Asked): Holder {
    const key = JSON.stringify([backend, precision, model]);
    let holder = holders.get(key);
    if (holder && !holder.hand.alive) {
      void close(holder.hand);
      holder = undefined;
    }
    holder ??= { key, hand: start(), busy: 0 };
    // Set anew, so that the order tells who was asked last.
    holders.delete(key);
    holders.set(key, holder);
    return holder;
  }

  /** Closes the models asked longest ago, but none that is still answering. */
  function closeIdle(): void {
    let surplus = holders.size - MODELS_KEPT;
    for (const holder of [...holders.values()]) {
      if (surplus <= 0) return;
      if (holder.busy > 0) continue;
      surplus--;
      holders.delete(holder.key);
      void close(holder.hand);
    }
  }

  async function* withModel<Event>(
    request: Asked,
    job: (methods: Handlers) => AsyncIterable<Event>,
  ): AsyncGenerator<Event, void, void> {
    const holder = holderOf(request);
    holder.busy++;
    try {
      closeIdle();
      yield* job(holder.hand.methods);
    } finally {
      holder.busy--;
      closeIdle();
    }
  }

  async function answerOf<Answer>(
    request: Asked,
    job: (methods: Handlers) => Promise<Answer>,
  ): Promise<Answer> {
    const once = async function* (methods: Handlers): AsyncGenerator<Answer, void, void> {
      yield await job(methods);
    };
    for await (const answer of withModel(request, once)) return answer;
    throw new Error('A job that ends without failing has given its answer');
  }

  /** A worker for one job. */
  async function* alone<Event>(
    job: (methods: Handlers) => AsyncIterable<Event>,
  ): AsyncGenerator<Event, void, void> {
    const hand = start();
    try {
      yield* job(hand.methods);
    } finally {
      void close(hand);
    }
  }

  /** In a worker that is ended, whatever it is doing, once the question is answered or given up. */
  async function untilAnswered<Answer>(
    job: (methods: Handlers, signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const hand = start();
    try {
      return await job(hand.methods, signal);
    } finally {
      void ended(hand, hand.terminate());
    }
  }

  /** Given up too when it takes too long: a regular expression that doesn't come to an end stops so only. */
  async function unlessStuck<Answer>(
    job: (methods: Handlers, signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), LONGEST_ANSWER);
    try {
      return await untilAnswered(job, AbortSignal.any([signal, late.signal]));
    } catch (thrown) {
      throw late.signal.aborted && !signal.aborted ? stuck() : thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  async function* curate(
    request: CurateRequest,
    signal: AbortSignal,
  ): AsyncGenerator<CurateEvent, void, void> {
    const out = path.resolve(request.folder ?? '', request.out);
    // One that was given up holds its folder until its step is through: who goes on at once waits for it.
    await leaving.get(out);
    throwIfAborted(signal);
    const hand = start();
    try {
      yield* hand.methods.curate(request, signal);
    } finally {
      const left = close(hand).finally(() => {
        if (leaving.get(out) === left) leaving.delete(out);
      });
      leaving.set(out, left);
    }
  }

  async function* train(
    request: TrainRequest,
    signal: AbortSignal,
  ): AsyncGenerator<TrainEvent, void, void> {
    const hand = start();
    let folder: string | undefined;
    try {
      for await (const event of hand.methods.train(request, signal)) {
        if (event.kind === 'start') {
          folder = path.resolve(event.run);
          runs.set(folder, hand);
        }
        yield event;
      }
    } catch (thrown) {
      if (hand.alive) throw thrown;
      const reason = disposed ? thrown : workerEnded(thrown);
      if (hand.runFolder !== undefined) await abandonRun(hand.runFolder, reason);
      throw reason;
    } finally {
      if (folder !== undefined && runs.get(folder) === hand) runs.delete(folder);
      void close(hand);
    }
  }

  async function end(): Promise<void> {
    await Promise.all([...hands].map((hand) => close(hand)));
    await Promise.all(closing);
    await here.dispose();
  }

  return {
    train,
    stopRun: (request, signal) => {
      const hand = runs.get(path.resolve(request.folder));
      if (!hand) return Promise.reject(notRunning(request.folder));
      return hand.methods.stopRun(request, signal);
    },
    trainTokenizer: (request, signal) => alone((worker) => worker.trainTokenizer(request, signal)),
    generate: (request, signal) => withModel(request, (worker) => worker.generate(request, signal)),
    converse: (request, signal) => withModel(request, (worker) => worker.converse(request, signal)),
    chatForm: (request, signal) => clerk().chatForm(request, signal),
    logits: (request, signal) => answerOf(request, (worker) => worker.logits(request, signal)),
    evaluate: (request, signal) => answerOf(request, (worker) => worker.evaluate(request, signal)),
    makeTinyworld: (request, signal) => alone((worker) => worker.makeTinyworld(request, signal)),
    probeKnowledge: (request, signal) =>
      withModel(request, (worker) => worker.probeKnowledge(request, signal)),
    probes: (request, signal) => clerk().probes(request, signal),
    openProbe: (request, signal) => clerk().openProbe(request, signal),
    teachKnowledge: (request, signal) => clerk().teachKnowledge(request, signal),
    readConversations: (request, signal) =>
      alone((worker) => worker.readConversations(request, signal)),
    renderConversations: (request, signal) =>
      // One record is for somebody who looks on; all of them may take long.
      request.line === undefined
        ? alone((worker) => worker.renderConversations(request, signal))
        : editor().renderConversations(request, signal),
    encode: (request, signal) => editor().encode(request, signal),
    decode: (request, signal) => editor().decode(request, signal),
    devices: here.devices,
    memory: here.memory,
    openDocument: (request, signal) => editor().openDocument(request, signal),
    editDocument: (request, signal) => editor().editDocument(request, signal),
    documentTokens: (request, signal) => editor().documentTokens(request, signal),
    documentCount: (request, signal) => editor().documentCount(request, signal),
    explainToken: (request, signal) => editor().explainToken(request, signal),
    closeDocument: (request, signal) => editor().closeDocument(request, signal),
    vocabulary: (request, signal) => clerk().vocabulary(request, signal),
    learnMerges: (request, signal) =>
      typeof patternNamed(request.pattern) === 'string'
        ? clerk().learnMerges(request, signal)
        : unlessStuck((worker, ends) => worker.learnMerges(request, ends), signal),
    runs: (request, signal) => clerk().runs(request, signal),
    models: (request, signal) => clerk().models(request, signal),
    exportModel: (request, signal) => clerk().exportModel(request, signal),
    tokenizers: (request, signal) => clerk().tokenizers(request, signal),
    checkRecipe: (request, signal) => clerk().checkRecipe(request, signal),
    estimate: (request, signal) => clerk().estimate(request, signal),
    curate,
    planCorpus: (request, signal) => clerk().planCorpus(request, signal),
    filterSegment: (request, signal) => clerk().filterSegment(request, signal),
    explainDocument: (request, signal) => clerk().explainDocument(request, signal),
    corpora: (request, signal) => clerk().corpora(request, signal),
    corpusDocuments: (request, signal) => clerk().corpusDocuments(request, signal),
    corpusDocument: (request, signal) => clerk().corpusDocument(request, signal),
    corpusPage: (request, signal) =>
      // The page is read and taken apart again, which may take as long as its recipe allows.
      untilAnswered((worker, ends) => worker.corpusPage(request, ends), signal),
    corpusCopy: (request, signal) => clerk().corpusCopy(request, signal),
    traceToken: (request, signal) => clerk().traceToken(request, signal),
    sampleCorpus: (request, signal) => alone((worker) => worker.sampleCorpus(request, signal)),
    corpusStatistics: (request, signal) => clerk().corpusStatistics(request, signal),
    dispose: () => (disposed ??= end()),
  };
}

/** Of a run whose worker died while the engine lives. */
function workerEnded(thrown: unknown): GlassboxError {
  const why = thrown instanceof GlassboxError && thrown.cause ? thrown.cause : thrown;
  return new GlassboxError('worker-ended', `The run's worker died: ${messageOf(why)}`, {
    remedy:
      'Resume the run: it goes on from its last checkpoint. If memory ran out, lower train.batch first.',
    cause: thrown,
  });
}

/** For the log. */
function shown(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}

function stuck(): GlassboxError {
  const seconds = LONGEST_ANSWER / 1000;
  return new GlassboxError(
    'tokenizer-stuck',
    `Splitting the text by this regular expression took more than ${seconds} seconds.`,
    { remedy: 'Take out repetitions within repetitions, such as (a+)+, or shorten the text.' },
  );
}

function notRunning(folder: string): GlassboxError {
  return new GlassboxError('not-running', `${folder} is not being run by this engine.`, {
    remedy: 'It has ended already, or another window or terminal runs it: stop it there.',
  });
}
