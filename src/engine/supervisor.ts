/**
 * The engine's main thread: answers at once what is quick, and gives every run and every loaded model
 * a worker of its own, because native code freezes the thread that calls it. A worker that dies fails
 * its requests and nothing else.
 */
import { GlassboxError } from '../base/errors';
import type { Engine, Handlers } from '../protocol/protocol';
import { createService } from './service';
import { Hand } from './hand';
import type { HandOptions } from './hand';

export type EngineOptions = HandOptions;

/** Models that stay loaded while nobody asks them. */
const MODELS_KEPT = 2;

/** The worker that holds a model. */
interface Holder {
  readonly key: string;
  readonly hand: Hand;
  /** Requests under way. */
  busy: number;
}

/** The engine in this process, on this thread; work goes to workers that it starts. */
export function startEngine(options: EngineOptions): Engine {
  const here = createService(options);
  /** By model, the one asked longest ago first. */
  const holders = new Map<string, Holder>();
  const hands = new Set<Hand>();
  const closing = new Set<Promise<void>>();
  let disposed: Promise<void> | undefined;

  function start(): Hand {
    if (disposed) throw new GlassboxError('engine-ended', 'The engine is ending.');
    const hand = new Hand(options);
    hands.add(hand);
    return hand;
  }

  function close(hand: Hand): Promise<void> {
    hands.delete(hand);
    const closed = hand.close().finally(() => closing.delete(closed));
    closing.add(closed);
    return closed;
  }

  function holderOf({ model, backend }: { model: string; backend: string }): Holder {
    const key = JSON.stringify([backend, model]);
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
    request: { model: string; backend: string },
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
    request: { model: string; backend: string },
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

  async function end(): Promise<void> {
    await Promise.all([...hands].map((hand) => close(hand)));
    await Promise.all(closing);
    await here.dispose();
  }

  return {
    train: (request, signal) => alone((worker) => worker.train(request, signal)),
    trainTokenizer: (request, signal) => alone((worker) => worker.trainTokenizer(request, signal)),
    generate: (request, signal) => withModel(request, (worker) => worker.generate(request, signal)),
    logits: (request, signal) => answerOf(request, (worker) => worker.logits(request, signal)),
    evaluate: (request, signal) => answerOf(request, (worker) => worker.evaluate(request, signal)),
    encode: here.encode,
    decode: here.decode,
    devices: here.devices,
    dispose: () => (disposed ??= end()),
  };
}
