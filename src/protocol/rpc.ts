/**
 * Requests over a vscode-jsonrpc connection, both ends, whichever table they come from: the asking
 * end gets a method for a descriptor, the answering end gives one. Everything that arrives is parsed
 * by the descriptor's schemas. A request that is aborted fails at once for whoever asked, however long the other end needs to
 * notice; when the connection ends, every pending request fails: nobody waits for ever.
 */
import {
  ConnectionError,
  ErrorCodes,
  NotificationType,
  RequestType,
  ResponseError,
} from 'vscode-jsonrpc';
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc';
import type * as z from 'zod';
import { AsyncQueue } from '../base/asyncQueue';
import { GlassboxError, messageOf, cancelled, throwIfAborted } from '../base/errors';
import type { Ask, Call, Stream } from './descriptors';
import { fromWire, toWire, wireErrorSchema } from './wireError';

/** Raised whenever a message changes its shape. Both ends must have the same. */
export const PROTOCOL_VERSION = 12;

const request = (name: string) => new RequestType<unknown, unknown, unknown>(name);
/** A stream's events, by the number that the asking end gave to the stream. */
const eventType = new NotificationType<{ stream: number; event: unknown }>('event');
/** Answered once all work has ended. */
const shutdownType = new RequestType<null, null, unknown>('shutdown');
/** The asker's version, answered by the engine's. */
const versionType = new RequestType<number, number, unknown>('version');

/**
 * The first thing that is asked of another process: whether the two speak the same version. Throws
 * `protocol-version` where they don't.
 */
export async function checkVersion(connection: MessageConnection): Promise<void> {
  let version: number;
  try {
    version = await connection.sendRequest(versionType, PROTOCOL_VERSION);
  } catch (thrown) {
    throw asError(thrown, undefined);
  }
  if (version !== PROTOCOL_VERSION) throw otherVersion(version, PROTOCOL_VERSION);
}

function otherVersion(engine: number, asker: unknown): GlassboxError {
  return new GlassboxError(
    'protocol-version',
    `The engine speaks version ${engine} of the protocol, and version ${String(asker)} is needed.`,
    { remedy: 'Reload the window, or build again: the two come from different builds.' },
  );
}

/** Asks the other end to take no more and waits for what it has under way to end. */
export async function shutdown(connection: MessageConnection): Promise<void> {
  await connection.sendRequest(shutdownType, null);
}

// --- The asking end -------------------------------------------------------------------------

/** Makes methods of descriptors. */
export interface Asker {
  call<Params, Answer>(descriptor: Call<Params, Answer>): Ask<Call<Params, Answer>>;
  stream<Params, Event>(descriptor: Stream<Params, Event>): Ask<Stream<Params, Event>>;
}

/** What is said of the other end's death to whoever waited for an answer. */
export interface Mortal {
  /** The whole engine, or one of its workers: the error's code is `engine-ended` or `worker-ended`. */
  readonly what: 'engine' | 'worker';
  /** What is known about it, once it has died. */
  readonly why: () => unknown;
}

/** Asks the other end. Listens on the connection, which must not be listening yet. */
export function asker(connection: MessageConnection, mortal?: Mortal): Asker {
  const streams = new Map<number, (event: unknown) => void>();
  let nextStream = 0;
  connection.onNotification(eventType, ({ stream, event }) => streams.get(stream)?.(event));
  // Only disposing fails what is pending.
  connection.onClose(() => connection.dispose());
  connection.listen();

  return {
    call: (descriptor) => async (params, signal) => {
      const { name } = descriptor;
      const answer = await send({ connection, mortal }, name, { params }, signal);
      return parse(descriptor.answer, answer, `the answer to ${name}`);
    },
    stream: (descriptor) =>
      async function* (params, signal) {
        const { name } = descriptor;
        const stream = nextStream++;
        const queue = new AsyncQueue<unknown>();
        // Whoever stops reading stops the work.
        const left = new AbortController();
        streams.set(stream, (event) => queue.push(event));
        const ends = AbortSignal.any([signal, left.signal]);
        send({ connection, mortal }, name, { params, stream }, ends).then(
          () => queue.end(),
          (error: unknown) => queue.fail(error),
        );
        try {
          for await (const event of queue)
            yield parse(descriptor.event, event, `an event of ${name}`);
        } finally {
          streams.delete(stream);
          left.abort();
        }
      },
  };
}

interface OtherEnd {
  readonly connection: MessageConnection;
  readonly mortal: Mortal | undefined;
}

async function send(
  { connection, mortal }: OtherEnd,
  name: string,
  params: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  throwIfAborted(signal);
  let onAbort = (): void => undefined;
  const token: CancellationToken = {
    get isCancellationRequested() {
      return signal.aborted;
    },
    onCancellationRequested: (listener: (event: unknown) => unknown) => {
      const call = () => void listener(undefined);
      signal.addEventListener('abort', call);
      return { dispose: () => signal.removeEventListener('abort', call) };
    },
  };
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled(signal));
    signal.addEventListener('abort', onAbort);
  });
  try {
    const answer = connection.sendRequest(request(name), params, token);
    return await Promise.race([answer, aborted]);
  } catch (thrown) {
    throw asError(thrown, mortal);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function asError(thrown: unknown, mortal: Mortal | undefined): unknown {
  const isResponse = thrown instanceof ResponseError;
  if (
    thrown instanceof ConnectionError ||
    (isResponse && thrown.code === ErrorCodes.PendingResponseRejected)
  ) {
    const what = mortal?.what ?? 'engine';
    const cause = mortal?.why();
    const reason = cause === undefined ? '.' : `: ${messageOf(cause)}`;
    const who = what === 'engine' ? 'The engine' : 'A part of the engine';
    return new GlassboxError(`${what}-ended`, `${who} ended before it had answered${reason}`, {
      remedy: 'Try again; a run goes on from its last checkpoint.',
      cause: cause ?? thrown,
    });
  }
  if (!isResponse) return thrown;
  const wire = wireErrorSchema.safeParse(thrown.data);
  return wire.success ? fromWire(wire.data) : thrown;
}

// --- The answering end ----------------------------------------------------------------------

export interface ServeOptions {
  /** Whoever asks may come from another build: nothing is answered before its version was checked. */
  readonly versionFirst?: boolean;
}

/** Takes the methods that answer, then listens. A descriptor without a method is left unanswered. */
export interface Answerer {
  call<Params, Answer>(
    descriptor: Call<Params, Answer>,
    handler: Ask<Call<Params, Answer>> | undefined,
  ): void;
  stream<Params, Event>(
    descriptor: Stream<Params, Event>,
    handler: Ask<Stream<Params, Event>> | undefined,
  ): void;
  /** From here on the connection is read. */
  listen(): void;
}

/** Answers the other end's requests. */
export function answerer(
  connection: MessageConnection,
  { versionFirst = false }: ServeOptions = {},
): Answerer {
  const working = new Set<Promise<unknown>>();
  const stopping = new AbortController();
  let agreed = !versionFirst;
  // Nobody is left who could want it.
  connection.onDispose(() => stopping.abort());
  connection.onRequest(versionType, (version) => {
    if (version !== PROTOCOL_VERSION) throw refusal(otherVersion(PROTOCOL_VERSION, version));
    agreed = true;
    return PROTOCOL_VERSION;
  });
  connection.onRequest(shutdownType, async () => {
    stopping.abort();
    await Promise.allSettled(working);
    return null;
  });

  /** Whoever asked may be gone; the work still ends in order. */
  async function tell(stream: number, event: unknown): Promise<void> {
    try {
      await connection.sendNotification(eventType, { stream, event });
    } catch {
      // Nobody is left to be told.
    }
  }

  function answer(
    name: string,
    work: (message: unknown, signal: AbortSignal) => Promise<unknown>,
  ): void {
    connection.onRequest(request(name), async (message, token) => {
      if (!agreed) throw refusal(otherVersion(PROTOCOL_VERSION, 'unknown'));
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      const ends = AbortSignal.any([controller.signal, stopping.signal]);
      const job = work(message, ends);
      working.add(job);
      try {
        return await job;
      } catch (thrown) {
        throw refusal(thrown);
      } finally {
        working.delete(job);
      }
    });
  }

  return {
    call: ({ name, ...descriptor }, handler) => {
      if (!handler) return;
      answer(name, async (message, signal) => {
        const { params } = envelope(message);
        return handler(parse(descriptor.params, params, `the request ${name}`), signal);
      });
    },
    stream: ({ name, ...descriptor }, handler) => {
      if (!handler) return;
      answer(name, async (message, signal) => {
        const { params, stream } = envelope(message);
        const checked = parse(descriptor.params, params, `the request ${name}`);
        for await (const event of handler(checked, signal)) await tell(Number(stream), event);
        return null;
      });
    },
    listen: () => connection.listen(),
  };
}

/** What was thrown, as what jsonrpc carries. */
function refusal(thrown: unknown): ResponseError<unknown> {
  return new ResponseError(ErrorCodes.InternalError, messageOf(thrown), toWire(thrown));
}

function envelope(message: unknown): { params: unknown; stream?: unknown } {
  if (typeof message === 'object' && message !== null && 'params' in message) return message;
  throw new GlassboxError('protocol-message', 'A request came without params.');
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new GlassboxError('protocol-message', `Could not read ${what}: ${result.error.message}`, {
    remedy: 'Reload the window, or build again: the two ends come from different builds.',
    cause: result.error,
  });
}
