/**
 * The engine's main thread: answers at once what is quick, and gives every run and every loaded model
 * a worker of its own, because native code freezes the thread that calls it. A worker that dies fails
 * its requests and nothing else.
 */
import { Worker } from 'node:worker_threads';
import { createMessageConnection, PortMessageReader, PortMessageWriter } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import type { Engine, Handlers } from '../protocol/protocol';
import { connect, shutdown } from '../protocol/rpc';
import { createService } from './service';
import type { ServiceOptions } from './service';

export interface EngineOptions extends ServiceOptions {
  /** The built `worker.js`. */
  readonly workerPath: string;
}

/** Models that stay loaded while nobody asks them. */
const MODELS_KEPT = 2;
/** A worker that was told to end has this long for a step and a checkpoint, in milliseconds. */
const PATIENCE = 60_000;

class Hand {
  readonly methods: Handlers;
  readonly #worker: Worker;
  readonly #connection: MessageConnection;
  readonly #exited: Promise<void>;
  alive = true;

  constructor(options: EngineOptions) {
    this.#worker = new Worker(options.workerPath, { workerData: options });
    this.#connection = createMessageConnection(
      new PortMessageReader(this.#worker),
      new PortMessageWriter(this.#worker),
    );
    this.methods = connect(this.#connection);
    this.#exited = new Promise((resolve) => {
      const over = (): void => {
        if (this.alive) this.#connection.dispose();
        this.alive = false;
        resolve();
      };
      this.#worker.on('exit', over);
      // An uncaught error ends the worker: 'exit' follows, and pending requests fail then.
      this.#worker.on('error', over);
    });
  }

  /** Lets the work under way come to its end, then ends the worker. */
  async close(): Promise<void> {
    if (!this.alive) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE)));
    await Promise.race([shutdown(this.#connection).catch(() => undefined), patience]);
    clearTimeout(timer);
    await Promise.race([this.#worker.terminate(), this.#exited]);
  }
}

/** The engine in this process, on this thread; work goes to workers that it starts. */
export function startEngine(options: EngineOptions): Engine {
  const here = createService(options);
  const models = new Map<string, { hand: Hand; asked: number }>();
  const closing = new Set<Promise<void>>();
  const hands = new Set<Hand>();
  let disposed = false;

  function start(): Hand {
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

  /** The worker that holds this model; beyond a few, the one asked longest ago is closed. */
  function holderOf(model: string, backend: string): Handlers {
    const key = `${backend} ${model}`;
    let entry = models.get(key);
    if (!entry?.hand.alive) {
      if (entry) hands.delete(entry.hand);
      entry = { hand: start(), asked: 0 };
      models.set(key, entry);
    }
    entry.asked = performance.now();
    const oldest = [...models].sort(([, a], [, b]) => a.asked - b.asked);
    for (const [other, { hand }] of oldest.slice(0, -MODELS_KEPT)) {
      models.delete(other);
      void close(hand);
    }
    return entry.hand.methods;
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

  return {
    train: (request, signal) => alone((worker) => worker.train(request, signal)),
    trainTokenizer: (request, signal) => alone((worker) => worker.trainTokenizer(request, signal)),
    generate: (request, signal) =>
      holderOf(request.model, request.backend).generate(request, signal),
    logits: (request, signal) => holderOf(request.model, request.backend).logits(request, signal),
    evaluate: (request, signal) =>
      holderOf(request.model, request.backend).evaluate(request, signal),
    encode: here.encode,
    decode: here.decode,
    devices: here.devices,
    async dispose() {
      if (disposed) return;
      disposed = true;
      await Promise.all([...hands].map((hand) => close(hand)));
      await Promise.all(closing);
      await here.dispose();
    },
  };
}
