/**
 * The contract with the engine: one descriptor a request, from which the types of params and answers
 * derive. The same table serves every hop: extension host to engine, webview to host, and the
 * engine's own main thread to its workers.
 */
import { z } from 'zod';
import * as messages from './messages';

/** Raised whenever a message changes its shape. Both ends must have the same. */
export const PROTOCOL_VERSION = 1;

/** Asked once, answered once. */
export interface Call<Params, Answer> {
  readonly kind: 'call';
  readonly params: z.ZodType<Params>;
  readonly answer: z.ZodType<Answer>;
}

/** Asked once, answered by events until it is done. */
export interface Stream<Params, Event> {
  readonly kind: 'stream';
  readonly params: z.ZodType<Params>;
  readonly event: z.ZodType<Event>;
}

function call<Params, Answer>(
  params: z.ZodType<Params>,
  answer: z.ZodType<Answer>,
): Call<Params, Answer> {
  return { kind: 'call', params, answer };
}

function stream<Params, Event>(
  params: z.ZodType<Params>,
  event: z.ZodType<Event>,
): Stream<Params, Event> {
  return { kind: 'stream', params, event };
}

export const protocol = {
  train: stream(messages.trainRequestSchema, messages.trainEventSchema),
  generate: stream(messages.generateRequestSchema, messages.generateEventSchema),
  logits: call(messages.logitsRequestSchema, messages.logitsAnswerSchema),
  evaluate: call(messages.evaluateRequestSchema, messages.evaluateAnswerSchema),
  trainTokenizer: stream(messages.tokenizerTrainRequestSchema, messages.tokenizerTrainEventSchema),
  encode: call(messages.encodeRequestSchema, messages.encodeAnswerSchema),
  decode: call(messages.decodeRequestSchema, z.string()),
  devices: call(z.object({}), z.array(messages.deviceSchema)),
};

export type Protocol = typeof protocol;
export type Method = keyof Protocol;

/** How a request looks to whoever asks, and to whoever answers. Throws `cancelled` once aborted. */
export type Ask<Descriptor> =
  Descriptor extends Call<infer Params, infer Answer>
    ? (params: Params, signal: AbortSignal) => Promise<Answer>
    : Descriptor extends Stream<infer Params, infer Event>
      ? (params: Params, signal: AbortSignal) => AsyncIterable<Event>
      : never;

/** Some or all of the requests, as plain methods. */
export type Handlers<Name extends Method = Method> = {
  readonly [Each in Name]: Ask<Protocol[Each]>;
};

/** The engine as everything that uses it sees it, wherever it runs. */
export interface Engine extends Handlers {
  dispose(): Promise<void>;
}
