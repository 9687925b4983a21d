/**
 * What vscode-jsonrpc needs to speak over anything that carries one value at a time, such as
 * postMessage: a reader and a writer. Works in a browser and in Node; not covered: back pressure.
 */
import { AbstractMessageReader, AbstractMessageWriter, Disposable } from 'vscode-jsonrpc';
import type { DataCallback, Message, MessageReader, MessageWriter } from 'vscode-jsonrpc';
import * as z from 'zod';

/** What makes a value a message: the rest is checked by the descriptor of the request. */
const messageSchema = z.looseObject({ jsonrpc: z.literal('2.0') });

class PipeReader extends AbstractMessageReader {
  #callback: DataCallback | undefined;

  listen(callback: DataCallback): Disposable {
    this.#callback = callback;
    return Disposable.create(() => (this.#callback = undefined));
  }

  receive(message: Message): void {
    this.#callback?.(message);
  }

  close(): void {
    this.fireClose();
  }
}

class PipeWriter extends AbstractMessageWriter {
  #post: (message: unknown) => void;

  constructor(post: (message: unknown) => void) {
    super();
    this.#post = post;
  }

  write(message: Message): Promise<void> {
    this.#post(message);
    return Promise.resolve();
  }

  end(): void {
    // Nothing is held back.
  }

  close(): void {
    this.#post = () => undefined;
    this.fireClose();
  }
}

export class MessagePipe {
  readonly #reader = new PipeReader();
  readonly #writer: PipeWriter;

  /** @param post carries a value to the other end. */
  constructor(post: (message: unknown) => void) {
    this.#writer = new PipeWriter(post);
  }

  get reader(): MessageReader {
    return this.#reader;
  }

  get writer(): MessageWriter {
    return this.#writer;
  }

  /** Takes what came from the other end; anything that is no message is passed over. */
  receive(value: unknown): void {
    const message = messageSchema.safeParse(value);
    if (message.success) this.#reader.receive(message.data);
  }

  /**
   * Nothing comes or goes any more: not the last answers of the work that ends now, either. Whoever
   * speaks over the same carrier next would take them for its own, whose numbers are the same.
   */
  close(): void {
    this.#reader.close();
    this.#writer.close();
  }
}
