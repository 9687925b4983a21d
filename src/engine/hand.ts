/** A worker of the engine, as the thread that started it sees it: the protocol's methods, and its end. */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort, ResourceLimits } from 'node:worker_threads';
import { createMessageConnection, PortMessageReader, PortMessageWriter } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import * as z from 'zod';
import { GlassboxError } from '../base/errors';
import type { Handlers } from '../protocol/protocol';
import { connect } from '../protocol/engineConnection';
import { shutdown } from '../protocol/rpc';
import type { ServiceOptions } from './service';

export interface HandOptions extends ServiceOptions {
  /** The built `worker.js`. */
  readonly workerPath: string;
}

/**
 * A worker that was told to end has this long for a step and a checkpoint, in milliseconds: for a
 * large model both take minutes. Whoever cannot wait ends the process.
 */
const PATIENCE = 600_000;

export class Hand {
  readonly methods: Handlers;
  readonly #worker: Worker;
  readonly #connection: MessageConnection;
  readonly #exited: Promise<void>;
  #closed: Promise<void> | undefined;
  /** Why the worker died, once it has. */
  #death: unknown;
  #alive = true;
  #ending = false;
  /** Where the worker tells the folder of its run: what it told last is there though it has died since. */
  readonly #told: MessagePort;
  #runFolder: string | undefined;

  /**
   * @param onDeath told why it ended although nobody had told it to
   * @param resourceLimits of its heap; V8's own if undefined
   */
  constructor(
    options: HandOptions,
    onDeath: (reason: unknown) => void,
    resourceLimits?: ResourceLimits,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#told = port1;
    this.#worker = new Worker(options.workerPath, {
      workerData: { ...options, tell: port2 },
      transferList: [port2],
      ...(resourceLimits ? { resourceLimits } : {}),
    });
    this.#connection = createMessageConnection(
      new PortMessageReader(this.#worker),
      new PortMessageWriter(this.#worker),
    );
    this.methods = connect(this.#connection, {
      what: 'worker',
      why: () => this.#death,
    });
    // An uncaught error, or no memory: 'exit' follows.
    this.#worker.on('error', (error) => (this.#death ??= error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#death ??= new GlassboxError('worker-ended', `A worker ended with code ${code}.`);
        this.#alive = false;
        if (!this.#ending) onDeath(this.#death);
        this.#connection.dispose();
        resolve();
      });
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The folder that its run has locked; absolute. */
  get runFolder(): string | undefined {
    const told = z.object({ message: z.string() }).safeParse(receiveMessageOnPort(this.#told));
    if (told.success) this.#runFolder = told.data.message;
    return this.#runFolder;
  }

  /** Lets the work under way come to its end, then ends the worker. */
  close(): Promise<void> {
    this.#ending = true;
    return (this.#closed ??= this.#end());
  }

  /** Ends the worker in the middle of whatever it does. */
  async terminate(): Promise<void> {
    this.#ending = true;
    await Promise.race([this.#worker.terminate(), this.#exited]);
  }

  async #end(): Promise<void> {
    if (this.#alive) {
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE)));
      await Promise.race([shutdown(this.#connection).catch(() => undefined), patience]);
      clearTimeout(timer);
    }
    await this.terminate();
  }
}
