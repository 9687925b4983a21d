/**
 * One descriptor a request: its name and the schemas of what goes and what comes, from which the
 * types on both ends derive. Tables of them: `protocol.ts` for the engine, one `*Surface.ts` for what
 * each webview asks of the extension host. What the answering end has to say of its own accord goes
 * over a stream that the asking end opened.
 */
import type * as z from 'zod';

/** Asked once, answered once. */
export interface Call<Params, Answer> {
  readonly kind: 'call';
  readonly name: string;
  readonly params: z.ZodType<Params>;
  readonly answer: z.ZodType<Answer>;
}

/** Asked once, answered by events until it is done. */
export interface Stream<Params, Event> {
  readonly kind: 'stream';
  readonly name: string;
  readonly params: z.ZodType<Params>;
  readonly event: z.ZodType<Event>;
}

export function call<Params, Answer>(
  name: string,
  params: z.ZodType<Params>,
  answer: z.ZodType<Answer>,
): Call<Params, Answer> {
  return { kind: 'call', name, params, answer };
}

export function stream<Params, Event>(
  name: string,
  params: z.ZodType<Params>,
  event: z.ZodType<Event>,
): Stream<Params, Event> {
  return { kind: 'stream', name, params, event };
}

/** How a request looks to whoever asks, and to whoever answers. Throws `cancelled` once aborted. */
export type Ask<Descriptor> =
  Descriptor extends Call<infer Params, infer Answer>
    ? (params: Params, signal: AbortSignal) => Promise<Answer>
    : Descriptor extends Stream<infer Params, infer Event>
      ? (params: Params, signal: AbortSignal) => AsyncIterable<Event>
      : never;

/** Some or all of a table's requests, as plain methods. */
export type HandlersOf<Table, Name extends keyof Table = keyof Table> = {
  readonly [Each in Name]: Ask<Table[Each]>;
};
